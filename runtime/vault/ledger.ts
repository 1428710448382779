import type { LockState, MotionToken, Outcome } from "../../drivers/contract/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import {
  appendJournal,
  JOURNAL_SCHEMA,
  type JournalFields,
  openStore,
  type Row,
  readJournal,
  type Statements,
  type Store,
} from "../../drivers/store/index.ts";
import type { SLOT_STATES, VaultRow } from "../ipc/index.ts";
import { vaultFault } from "./faults.ts";

export type SlotState = (typeof SLOT_STATES)[number];
export type EffectKind = "release" | "load" | "unload";

export interface SlotRow extends Row {
  slot: string;
  state: SlotState;
  item_hash: string | null;
  effect: string | null;
}

export interface EffectRow extends Row {
  effect: string;
  kind: EffectKind;
  state: "INTENT" | "ISSUED" | "DONE";
  slot: string;
  voucher: string | null;
  item_hash: string | null;
  command: string | null;
  request_hash: string | null;
  exchange: string | null;
  operator: string | null;
  before: string | null;
  after: string | null;
  latch_seen: number;
  outcome: string | null;
}

export interface Intent {
  effect: string;
  kind: EffectKind;
  slot: string;
  itemHash?: string;
  voucher?: { id: string; seq: number };
  command?: { id: string; requestHash: string };
  exchange?: string;
  operator?: string;
}

/** What a journal row may say. */
type About = Partial<Intent> & { outcome?: string; detail?: string };

const MIGRATIONS = [
  `CREATE TABLE slots (slot TEXT PRIMARY KEY, state TEXT NOT NULL, item_hash TEXT UNIQUE, effect TEXT);
   CREATE TABLE effects (
     effect TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, slot TEXT NOT NULL,
     voucher TEXT, seq INTEGER, item_hash TEXT, command TEXT UNIQUE, request_hash TEXT, exchange TEXT, operator TEXT,
     before TEXT, latch_seen INTEGER NOT NULL DEFAULT 0, outcome TEXT, at INTEGER NOT NULL);
   CREATE UNIQUE INDEX one_open_effect ON effects (slot) WHERE state <> 'DONE';
   CREATE TABLE consumed (voucher TEXT PRIMARY KEY, item_hash TEXT NOT NULL, seq INTEGER NOT NULL, effect TEXT NOT NULL);
   CREATE TABLE exchanges (exchange TEXT PRIMARY KEY, operators TEXT NOT NULL, credit INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER);
   CREATE TABLE credentials (credential TEXT PRIMARY KEY, used INTEGER NOT NULL, unlocks INTEGER NOT NULL);
   ${JOURNAL_SCHEMA}`,
  "ALTER TABLE effects ADD COLUMN after TEXT",
];

export type Seen = Pick<LockState, "latch" | "item">;

type Mint = (effect: string, device: string, compartment: number) => MotionToken;

/**
 * The durable record of everything that moves. A motion is INTENT before anything is done, ISSUED in the write that
 * consumes its voucher, and DONE with its outcome; only `issue` makes the token that a driver's motion call takes.
 */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #mint: Mint;
  onJournal: (seq: number) => void = () => undefined;

  private constructor(store: Store, clock: Clock, mint: Mint) {
    this.#store = store;
    this.#clock = clock;
    this.#mint = mint;
  }
  static async open(
    path: string,
    options: {
      clock: Clock;
      mint: Mint;
      slots: readonly string[];
      synchronousForMutant?: "NORMAL";
    },
  ): Promise<Ledger> {
    const mutant = options.synchronousForMutant;
    const store = await openStore(path, {
      migrations: MIGRATIONS,
      ...(mutant ? { synchronousForMutant: mutant } : {}),
    });
    await store.tx(async (t) => {
      for (const slot of options.slots) {
        await t.run(
          "INSERT INTO slots (slot, state) VALUES (?, 'empty') ON CONFLICT (slot) DO NOTHING",
          slot,
        );
      }
    });
    return new Ledger(store, options.clock, options.mint);
  }

  get failed() {
    return this.#store.failed;
  }
  probe = (): Promise<void> => this.#store.probe();
  close = (): Promise<void> => this.#store.close();

  slots = (): Promise<SlotRow[]> => this.#store.all<SlotRow>("SELECT * FROM slots ORDER BY slot");
  slotOfItem = (itemHash: string): Promise<SlotRow | undefined> =>
    this.#store.get<SlotRow>("SELECT * FROM slots WHERE item_hash = ?", itemHash);
  openEffects = (): Promise<EffectRow[]> =>
    this.#store.all<EffectRow>("SELECT * FROM effects WHERE state <> 'DONE' ORDER BY at");
  effect = (id: string): Promise<EffectRow | undefined> =>
    this.#store.get<EffectRow>("SELECT * FROM effects WHERE effect = ?", id);
  byCommand = (command: string): Promise<EffectRow | undefined> =>
    this.#store.get<EffectRow>("SELECT * FROM effects WHERE command = ?", command);

  /** Whether a voucher, or a later one for the same item, has been used. */
  async used(voucher: string, itemHash: string, seq: number): Promise<"consumed" | "superseded" | undefined> {
    if (await this.#store.get("SELECT 1 FROM consumed WHERE voucher = ?", voucher)) return "consumed";
    if (await this.#store.get("SELECT 1 FROM consumed WHERE item_hash = ? AND seq >= ?", itemHash, seq))
      return "superseded";
    return undefined;
  }

  /** Writes that a motion is meant. Nothing has moved; a cut from here on releases it. */
  async intent(intent: Intent): Promise<void> {
    await this.#tx(`${family(intent.kind)}.intent`, intent, async (t) => {
      await t.run(
        `INSERT INTO effects (effect, kind, state, slot, voucher, seq, item_hash, command, request_hash, exchange, operator, at)
         VALUES (?, ?, 'INTENT', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        intent.effect,
        intent.kind,
        intent.slot,
        intent.voucher?.id ?? null,
        intent.voucher?.seq ?? null,
        intent.itemHash ?? null,
        intent.command?.id ?? null,
        intent.command?.requestHash ?? null,
        intent.exchange ?? null,
        intent.operator ?? null,
        this.#clock.wall(),
      );
    });
  }

  /**
   * Writes that the command goes out, consumes what pays for it, and only then makes the token: from here on nothing is
   * ever sent again for this effect. Throws `vault.consumed` or `vault.creditUsed` when it was paid for already.
   */
  async issue(
    intent: Intent,
    before: Seen,
    lock: { device: string; compartment: number },
  ): Promise<MotionToken> {
    await this.#tx(`${family(intent.kind)}.issued`, intent, async (t) => {
      const changed = await t.run(
        "UPDATE effects SET state = 'ISSUED', before = ? WHERE effect = ? AND state = 'INTENT'",
        JSON.stringify(before),
        intent.effect,
      );
      if (changed.changes !== 1) throw vaultFault("consumed", { effect: intent.effect });
      if (intent.voucher) {
        const consumed = await t.run(
          "INSERT INTO consumed (voucher, item_hash, seq, effect) VALUES (?, ?, ?, ?) ON CONFLICT (voucher) DO NOTHING",
          intent.voucher.id,
          intent.itemHash ?? "",
          intent.voucher.seq,
          intent.effect,
        );
        if (consumed.changes !== 1) throw vaultFault("consumed", { effect: intent.effect });
      } else {
        const paid = await t.run(
          "UPDATE exchanges SET credit = credit - 1 WHERE exchange = ? AND credit > 0 AND closed IS NULL",
          intent.exchange ?? "",
        );
        if (paid.changes !== 1) throw vaultFault("creditUsed", { effect: intent.effect });
        await t.run(
          "UPDATE credentials SET used = used + 1 WHERE credential IN (SELECT value FROM json_each((SELECT operators FROM exchanges WHERE exchange = ?), '$.credentials'))",
          intent.exchange ?? "",
        );
      }
    });
    return this.#mint(intent.effect, lock.device, lock.compartment);
  }

  /** Writes that the latch was seen open. */
  async latchSeen(intent: Intent): Promise<void> {
    await this.#tx(`${family(intent.kind)}.opened`, intent, async (t) => {
      await t.run("UPDATE effects SET latch_seen = 1 WHERE effect = ?", intent.effect);
    });
  }

  /** Ends a motion with its outcome, what was seen last, and the slot's new state, in one write. */
  async finish(
    intent: Intent,
    outcome: Outcome | "stored" | "empty",
    { detail, after }: { detail?: string | undefined; after?: Seen | undefined } = {},
  ): Promise<void> {
    const event = intent.kind === "release" ? "handover.outcome" : `exchange.${outcome}`;
    await this.#tx(event, { ...intent, outcome, ...(detail ? { detail } : {}) }, async (t) => {
      await t.run(
        "UPDATE effects SET state = 'DONE', outcome = ?, after = ? WHERE effect = ?",
        outcome,
        after ? JSON.stringify({ latch: after.latch, item: after.item }) : null,
        intent.effect,
      );
      const next = slotAfter(intent, outcome);
      if (next) {
        await t.run(
          "UPDATE slots SET state = ?, item_hash = ?, effect = ? WHERE slot = ?",
          next.state,
          next.itemHash,
          next.state === "unknown" || next.state === "presented" ? intent.effect : null,
          intent.slot,
        );
      }
    });
  }

  /** A door that was left open has been closed: what became of the item after all. */
  async settleLate(effect: EffectRow, outcome: Outcome, after: Seen): Promise<void> {
    await this.finish(intentOf(effect), outcome, { detail: "later", after });
  }

  async openExchange(
    exchange: string,
    credentials: { id: string; operator: string; unlocks: number }[],
  ): Promise<void> {
    const operators = JSON.stringify({
      credentials: credentials.map((c) => c.id),
      operators: credentials.map((c) => c.operator),
    });
    await this.#tx(
      "exchange.begin",
      { exchange, operator: credentials.map((c) => c.operator).join("+") },
      async (t) => {
        let credit = Number.POSITIVE_INFINITY;
        for (const { id, unlocks } of credentials) {
          await t.run(
            "INSERT INTO credentials (credential, used, unlocks) VALUES (?, 0, ?) ON CONFLICT (credential) DO NOTHING",
            id,
            unlocks,
          );
          const row = await t.get<{ used: number }>("SELECT used FROM credentials WHERE credential = ?", id);
          credit = Math.min(credit, unlocks - (row?.used ?? 0));
        }
        if (credit <= 0) throw vaultFault("creditUsed");
        await t.run(
          "INSERT INTO exchanges (exchange, operators, credit, opened) VALUES (?, ?, ?, ?)",
          exchange,
          operators,
          credit,
          this.#clock.wall(),
        );
      },
    );
  }

  async closeExchange(exchange: string, operator: string): Promise<{ loaded: number; unloaded: number }> {
    await this.#tx("exchange.end", { exchange, operator }, async (t) => {
      await t.run("UPDATE exchanges SET closed = ? WHERE exchange = ?", this.#clock.wall(), exchange);
    });
    const count = async (kind: string, outcome: string) =>
      Number(
        (
          await this.#store.get(
            "SELECT count(*) AS n FROM effects WHERE exchange = ? AND kind = ? AND outcome = ?",
            exchange,
            kind,
            outcome,
          )
        )?.n ?? 0,
      );
    return { loaded: await count("load", "stored"), unloaded: await count("unload", "empty") };
  }

  /** Exchanges do not survive a restart: staff begin anew. */
  async closeAllExchanges(): Promise<void> {
    for (const { exchange } of await this.#store.all<{ exchange: string }>(
      "SELECT exchange FROM exchanges WHERE closed IS NULL",
    )) {
      await this.closeExchange(exchange, "restart");
    }
  }

  /** A named operator's finding about a slot that is unknown or left presented. */
  async settle(slot: SlotRow, finding: "taken" | "notMoved" | "removed", operator: string): Promise<void> {
    const gone = finding !== "notMoved";
    await this.#tx(
      "slot.settled",
      {
        slot: slot.slot,
        operator,
        outcome: finding,
        ...(slot.effect ? { effect: slot.effect } : {}),
        ...(slot.item_hash ? { itemHash: slot.item_hash } : {}),
      },
      async (t) => {
        await t.run(
          "UPDATE slots SET state = ?, item_hash = ?, effect = NULL WHERE slot = ?",
          gone ? "empty" : slot.item_hash ? "loaded" : "empty",
          gone ? null : slot.item_hash,
          slot.slot,
        );
      },
    );
  }

  /** Marks a slot whose sensors contradict the ledger before anything was moved. */
  async lockOut(slot: string, effect: string, detail: string): Promise<void> {
    await this.#tx("slot.unknown", { slot, effect, detail }, async (t) => {
      await t.run("UPDATE slots SET state = 'unknown', effect = ? WHERE slot = ?", effect, slot);
    });
  }

  /** Requests that were refused, for the record. */
  refused = (method: string, reason: string): Promise<void> =>
    this.#tx("request.refused", { detail: `${method} ${reason}` }, async () => undefined);

  async readJournal(after: number): Promise<VaultRow[]> {
    return (await readJournal(this.#store, after, 100)).map(
      ({ seq, at, event, fields, prevHash, hash }) =>
        ({ seq, at, event, ...fields, prevHash, hash }) as VaultRow,
    );
  }

  async #tx(event: string, about: About, job: (t: Statements) => Promise<void>): Promise<void> {
    const fields: JournalFields = {
      ...(about.effect ? { effect: about.effect } : {}),
      ...(about.slot ? { slot: about.slot } : {}),
      ...(about.voucher ? { voucher: about.voucher.id } : {}),
      ...(about.itemHash ? { itemHash: about.itemHash } : {}),
      ...(about.outcome ? { outcome: about.outcome } : {}),
      ...(about.detail ? { detail: about.detail } : {}),
      ...(about.operator ? { operator: about.operator } : {}),
    };
    const row = await this.#store.tx(async (t) => {
      await job(t);
      return appendJournal(t, this.#clock.wall(), event, fields);
    });
    this.onJournal(row.seq);
  }
}

const family = (kind: EffectKind): string => (kind === "release" ? "handover" : "exchange");

function slotAfter(
  intent: Intent,
  outcome: string,
): { state: SlotState; itemHash: string | null } | undefined {
  const item = intent.itemHash ?? null;
  switch (outcome) {
    case "taken":
    case "empty":
      return { state: "empty", itemHash: null };
    case "stored":
      return { state: "loaded", itemHash: item };
    case "presented":
      return { state: "presented", itemHash: item };
    case "unknown":
      return { state: "unknown", itemHash: item };
    default:
      return undefined; // notMoved: the slot is as it was
  }
}

/** The intent of a stored effect, for its recovery. */
export function intentOf(row: EffectRow): Intent {
  return {
    effect: row.effect,
    kind: row.kind,
    slot: row.slot,
    ...(row.item_hash ? { itemHash: row.item_hash } : {}),
    ...(row.voucher ? { voucher: { id: row.voucher, seq: Number(row.seq ?? 0) } } : {}),
    ...(row.exchange ? { exchange: row.exchange } : {}),
    ...(row.operator ? { operator: row.operator } : {}),
  };
}
