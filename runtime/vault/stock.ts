import type { Row, Statements } from "../../drivers/store/index.ts";
import type { CardVerdict } from "./card-evidence.ts";
import { vaultFault } from "./faults.ts";
import type { Intent } from "./ledger-schema.ts";

/** A magazine of a dispenser; its items are slots of the ledger, `M1-01` and on. */
export interface MagazinePlace {
  slot: string;
  dispenser: string;
  magazine: number;
  /** Items that it holds at most. */
  capacity: number;
}

/** `initial` counts every item that was ever laid in; the rest says where each of them is. */
export const STOCK_SCHEMA = `CREATE TABLE magazines (magazine TEXT PRIMARY KEY, dispenser TEXT NOT NULL, suspect TEXT,
     initial INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
     retracted INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0);
   CREATE TABLE bins (dispenser TEXT PRIMARY KEY, held INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0,
     emptied INTEGER NOT NULL DEFAULT 0)`;

interface MagazineRow extends Row {
  magazine: string;
  dispenser: string;
  suspect: string | null;
  initial: number;
  delivered: number;
  rejected: number;
  retracted: number;
  removed: number;
}

interface BinRow extends Row {
  dispenser: string;
  held: number;
  accepted: number;
  emptied: number;
}

interface ItemRow extends Row {
  slot: string;
  state: string;
  item_hash: string;
  place: number | null;
}

export interface Stock {
  magazines: {
    magazine: string;
    dispenser: string;
    /** Why nothing is fed from it until staff have recounted it. */
    suspect?: string;
    initial: number;
    /** In the magazine, in order. */
    remaining: number;
    /** At the gate, not known taken. */
    presented: number;
    unknown: number;
    delivered: number;
    rejected: number;
    retracted: number;
    removed: number;
    /** Whether every item that was ever laid in is in exactly one of the other counts. */
    balanced: boolean;
  }[];
  bins: {
    dispenser: string;
    held: number;
    accepted: number;
    emptied: number;
    /** Whether what was ever captured is held or was emptied. */
    balanced: boolean;
  }[];
}

/** Makes what the configuration names and is not there yet. Places of a magazine that became smaller stay. */
export async function addMagazines(t: Statements, magazines: readonly MagazinePlace[]): Promise<void> {
  for (const { slot, dispenser, capacity } of magazines) {
    await t.run(
      "INSERT INTO magazines (magazine, dispenser) VALUES (?, ?) ON CONFLICT (magazine) DO NOTHING",
      slot,
      dispenser,
    );
    await t.run("INSERT INTO bins (dispenser) VALUES (?) ON CONFLICT (dispenser) DO NOTHING", dispenser);
    for (let place = 1; place <= capacity; place++)
      await t.run(
        "INSERT INTO slots (slot, state, magazine) VALUES (?, 'empty', ?) ON CONFLICT (slot) DO NOTHING",
        `${slot}-${String(place).padStart(2, "0")}`,
        slot,
      );
  }
}

export async function markSuspect(t: Statements, magazine: string, reason: string): Promise<void> {
  await t.run("UPDATE magazines SET suspect = ? WHERE magazine = ?", reason, magazine);
}

type Count = "initial" | "delivered" | "rejected" | "retracted" | "removed";

const count = async (t: Statements, magazine: string, what: Count): Promise<void> => {
  await t.run(`UPDATE magazines SET ${what} = ${what} + 1 WHERE magazine = ?`, magazine);
};

/** The place of an item and every count, after a motion of a dispenser has ended. */
export async function settleCard(
  t: Statements,
  about: { intent: Intent; verdict: CardVerdict; magazine: MagazinePlace; readHash?: string | undefined },
): Promise<void> {
  const { intent, verdict, magazine, readHash } = about;
  const { dispenser } = magazine;
  if (verdict.card === "bin") await t.run("UPDATE bins SET held = held + 1 WHERE dispenser = ?", dispenser);
  const intake = intent.kind === "intake" || (intent.clears && (await kindOf(t, intent.clears)) === "intake");
  if (intake) {
    // Whatever it was: `accepted` counts what came in by the entry and is in the bin.
    if (verdict.card === "bin")
      await t.run("UPDATE bins SET accepted = accepted + 1 WHERE dispenser = ?", dispenser);
    return;
  }
  const item = intent.clears
    ? await t.get<ItemRow>("SELECT * FROM slots WHERE effect = ?", intent.clears)
    : await itemMoved(t, intent, magazine.slot, readHash);
  const doubt =
    verdict.outcome === "unknown" ? "unknown" : intent.clears ? undefined : doubtOf(intent, readHash);
  if (doubt && verdict.card !== "magazine") await markSuspect(t, magazine.slot, doubt);
  switch (verdict.card) {
    case "out":
      if (!item) await count(t, magazine.slot, "initial");
      await count(t, magazine.slot, "delivered");
      if (item) await emptySlot(t, item.slot);
      return;
    case "bin":
      // An item that nobody had listed was laid in as well.
      if (!item) await count(t, magazine.slot, "initial");
      await count(t, magazine.slot, verdict.modifier === "retracted" && item ? "retracted" : "rejected");
      if (item) await emptySlot(t, item.slot);
      return;
    case "gate":
    case "path":
    case "unknown": {
      const state = verdict.card === "gate" ? "presented" : "unknown";
      // What a clearing left where it was keeps the effect that left it there.
      if (item)
        await t.run(
          "UPDATE slots SET state = ?, place = NULL, effect = ? WHERE slot = ?",
          state,
          intent.clears ?? intent.effect,
          item.slot,
        );
      return;
    }
    default:
  }
}

/** Why the order of a magazine is not what the ledger says, after this was read of what came out of it. */
function doubtOf(intent: Intent, readHash: string | undefined): string | undefined {
  if (readHash === intent.itemHash) return undefined;
  return readHash === undefined || readHash === "unreadable" ? "unreadable" : "wrongItem";
}

/** The item that came out: the one that was read, or the one whose turn it was when nothing could be read. */
async function itemMoved(
  t: Statements,
  intent: Intent,
  magazine: string,
  readHash: string | undefined,
): Promise<ItemRow | undefined> {
  const hash = readHash === undefined || readHash === "unreadable" ? intent.itemHash : readHash;
  return t.get<ItemRow>(
    "SELECT * FROM slots WHERE magazine = ? AND item_hash = ? AND state = 'loaded'",
    magazine,
    hash ?? "",
  );
}

const kindOf = async (t: Statements, effect: string): Promise<string | undefined> =>
  (await t.get<{ kind: string }>("SELECT kind FROM effects WHERE effect = ?", effect))?.kind;

const emptySlot = async (t: Statements, slot: string): Promise<void> => {
  await t.run(
    "UPDATE slots SET state = 'empty', item_hash = NULL, effect = NULL, place = NULL WHERE slot = ?",
    slot,
  );
};

/** Counts an operator's finding about an item of a magazine. */
export async function noteSettled(
  t: Statements,
  magazine: string,
  finding: "taken" | "notMoved" | "removed",
): Promise<void> {
  if (finding !== "notMoved") await count(t, magazine, finding === "taken" ? "delivered" : "removed");
}

/**
 * The magazine holds exactly these, the first comes out first. What lay there and is not listed was taken out by staff; what
 * is unknown stays so unless it is listed. Answers what came and went. Throws `vault.itemAlreadyLoaded`, `vault.noSlot`.
 */
export async function fillMagazine(
  t: Statements,
  { slot: magazine }: MagazinePlace,
  itemHashes: readonly string[],
): Promise<{ event: "stored" | "empty"; slot: string; itemHash: string }[]> {
  const told: { event: "stored" | "empty"; slot: string; itemHash: string }[] = [];
  const listed = new Set(itemHashes);
  if (listed.size < itemHashes.length) throw vaultFault("itemAlreadyLoaded");
  const there = await t.all<ItemRow>(
    "SELECT * FROM slots WHERE magazine = ? AND state = 'loaded' ORDER BY slot",
    magazine,
  );
  for (const { slot, item_hash } of there.filter((row) => !listed.has(row.item_hash))) {
    await emptySlot(t, slot);
    await count(t, magazine, "removed");
    told.push({ event: "empty", slot, itemHash: item_hash });
  }
  for (const [index, itemHash] of itemHashes.entries()) {
    const known = await t.get<ItemRow & { magazine: string | null }>(
      "SELECT * FROM slots WHERE item_hash = ?",
      itemHash,
    );
    if (known && known.magazine !== magazine) throw vaultFault("itemAlreadyLoaded");
    const row = known ?? (await freePlace(t, magazine));
    if (!row) throw vaultFault("noSlot");
    if (!known) await count(t, magazine, "initial");
    await t.run(
      "UPDATE slots SET state = 'loaded', item_hash = ?, effect = NULL, place = ? WHERE slot = ?",
      itemHash,
      index + 1,
      row.slot,
    );
    if (known?.state !== "loaded") told.push({ event: "stored", slot: row.slot, itemHash });
  }
  await t.run("UPDATE magazines SET suspect = NULL WHERE magazine = ?", magazine);
  return told;
}

const freePlace = (t: Statements, magazine: string): Promise<ItemRow | undefined> =>
  t.get<ItemRow>(
    "SELECT * FROM slots WHERE magazine = ? AND state = 'empty' ORDER BY slot LIMIT 1",
    magazine,
  );

/** Every count as it is now. */
export async function readStock(t: Pick<Statements, "all">): Promise<Stock> {
  const items = await t.all<{ magazine: string; state: string }>(
    "SELECT magazine, state FROM slots WHERE magazine IS NOT NULL AND item_hash IS NOT NULL",
  );
  const rows = await t.all<MagazineRow>("SELECT * FROM magazines ORDER BY magazine");
  const magazines = rows.map(({ magazine, dispenser, suspect, ...counts }) => {
    const are = (state: string) =>
      items.filter((row) => row.magazine === magazine && row.state === state).length;
    const { initial, delivered, rejected, retracted, removed } = counts;
    const [remaining, presented, unknown] = [are("loaded"), are("presented"), are("unknown")];
    const sum = remaining + presented + unknown + delivered + rejected + retracted + removed;
    return {
      magazine,
      dispenser,
      ...(suspect ? { suspect } : {}),
      ...{ initial, remaining, presented, unknown, delivered, rejected, retracted, removed },
      balanced: sum === initial,
    };
  });
  const bins = (await t.all<BinRow>("SELECT * FROM bins ORDER BY dispenser")).map((bin) => {
    const captured = magazines
      .filter(({ dispenser }) => dispenser === bin.dispenser)
      .reduce((sum, { rejected, retracted }) => sum + rejected + retracted, bin.accepted);
    return { ...bin, balanced: captured === bin.held + bin.emptied };
  });
  return { magazines, bins };
}
