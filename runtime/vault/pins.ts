import type { Row, Statements } from "../../drivers/store/index.ts";
import { doubt, endUnknown, goBack, MOVED, type Opening } from "./doubts.ts";
import { type EffectRow, intentOf, type SlotRow } from "./ledger-schema.ts";
import { claims, convertPlaces, isSame, lastSaid, NOWHERE, type PinnedPlace, UNSURE } from "./places.ts";
import { type MagazinePlace, markSuspect, settleCard } from "./stock.ts";

/**
 * Holds every compartment to the place where its item was laid in. A configuration may say something else than the one
 * before: an empty slot takes its new place; one that is not, or whose new place is where the ledger knows something else,
 * is `unknown` under an effect of its own until an operator has looked, and what was under way there ends `unknown`. Within
 * the transaction that opens the ledger, so that there is no start without it. Answers the slots that came in doubt.
 * @param magazines names of the magazines, which a compartment may have had before
 */
export async function pinSlots(
  t: Statements,
  places: readonly PinnedPlace[],
  magazines: readonly string[],
  opening: Opening,
): Promise<string[]> {
  await convertPlaces(t);
  await goBack(t, places, opening);
  const rows = await t.all<SlotRow>("SELECT * FROM slots WHERE magazine IS NULL ORDER BY slot");
  const open = await t.all<EffectRow>("SELECT * FROM effects WHERE state = 'ISSUED'");
  const holds = (row: SlotRow) => row.state !== "empty" || open.some(({ slot }) => slot === row.slot);
  const doubtful: string[] = [];
  for (const row of rows) {
    const said = lastSaid(row);
    const place = places.find(({ slot }) => slot === row.slot);
    const inDoubt = row.to_device !== null;
    // What lies behind a door that nobody names any more can be neither handed out nor taken back.
    const dropped = !place && !inDoubt && holds(row);
    const lost = isLost(row, places, magazines);
    const next = place ?? (dropped || lost ? NOWHERE : said);
    const taken =
      place && rows.some((one) => one !== row && holds(one) && claims(one).some((at) => isSame(at, place)));
    if (!dropped && isSame(said, next) && (inDoubt || !taken)) continue;
    if (taken || inDoubt || dropped || (row.device !== null && holds(row))) {
      await doubt(t, row, open, opening, dropped && !lost);
      doubtful.push(row.slot);
      await t.run(
        "UPDATE slots SET to_device = ?, to_compartment = ? WHERE slot = ?",
        next.device,
        next.compartment,
        row.slot,
      );
    } else {
      await t.run(
        "UPDATE slots SET device = ?, compartment = ? WHERE slot = ?",
        next.device,
        next.compartment,
        row.slot,
      );
    }
  }
  return doubtful;
}

/** Whether an item may stay in a slot: only one that the ledger knows, in a slot that has a door. */
export const mayStay = (row: SlotRow): boolean =>
  row.item_hash !== null && row.to_device !== NOWHERE.device && row.to_device !== UNSURE;

/** Somebody has looked into a slot whose place was in doubt: its place is where the configuration says, and nothing else's. */
export async function pinHere(t: Statements, slot: string): Promise<void> {
  const row = await t.get<SlotRow>("SELECT * FROM slots WHERE slot = ? AND to_device IS NOT NULL", slot);
  if (!row) return;
  for (const [device, compartment] of [
    ["device", "compartment"],
    ["to_device", "to_compartment"],
  ])
    await t.run(
      `UPDATE slots SET ${device} = ?, ${compartment} = ? WHERE ${device} = ? AND ${compartment} = ? AND slot <> ?`,
      NOWHERE.device,
      NOWHERE.compartment,
      row.to_device,
      row.to_compartment,
      slot,
    );
  await t.run(
    "UPDATE slots SET device = to_device, compartment = to_compartment, to_device = NULL, to_compartment = NULL WHERE slot = ?",
    slot,
  );
}

/** Whether a slot that is not configured has lost its place: to another one, or it was never known. */
function isLost(row: SlotRow, places: readonly PinnedPlace[], magazines: readonly string[]): boolean {
  if (row.to_device !== null) return row.to_device === UNSURE;
  return row.device === null || magazines.includes(row.slot) || places.some((place) => isSame(place, row));
}

interface MagazineRow extends Row {
  magazine: string;
  dispenser: string;
  position: number | null;
}

/**
 * The same of magazines. What lies in one that was moved is fed by nobody until staff have listed it anew; an item on its way
 * from it, or left at a gate, is `unknown`, and so is all that lies in one whose position another magazine has taken.
 */
export async function pinMagazines(
  t: Statements,
  magazines: readonly MagazinePlace[],
  opening: Opening,
): Promise<string[]> {
  const doubtful: string[] = [];
  for (const row of await t.all<MagazineRow>("SELECT * FROM magazines ORDER BY magazine")) {
    const place = magazines.find(({ slot }) => slot === row.magazine);
    const isAt = ({ dispenser, magazine }: MagazinePlace) =>
      dispenser === row.dispenser && magazine === row.position;
    if (place ? isAt(place) : row.position === NOWHERE.compartment) continue;
    const known = row.position !== null;
    if (!place && known && !magazines.some(isAt)) continue;
    const { dispenser, magazine } = place ?? { ...row, magazine: NOWHERE.compartment };
    if (known && (await doubtMagazine(t, row, place, opening))) doubtful.push(row.magazine);
    await t.run(
      "UPDATE magazines SET dispenser = ?, position = ? WHERE magazine = ?",
      dispenser,
      magazine,
      row.magazine,
    );
  }
  return doubtful;
}

/** Answers whether there was anything in it, or on its way. */
async function doubtMagazine(
  t: Statements,
  row: MagazineRow,
  place: MagazinePlace | undefined,
  opening: Opening,
): Promise<boolean> {
  const slots = await t.all<SlotRow>("SELECT * FROM slots WHERE magazine = ? ORDER BY slot", row.magazine);
  const own = ({ slot }: EffectRow) => slot === row.magazine || slots.some((one) => one.slot === slot);
  const open = (await t.all<EffectRow>("SELECT * FROM effects WHERE state = 'ISSUED'")).filter(own);
  const left = (await t.all<EffectRow>("SELECT * FROM effects WHERE left_at IS NOT NULL")).filter(own);
  for (const effect of left)
    await t.run(
      "UPDATE effects SET left_at = NULL, outcome = 'unknown', modifier = NULL WHERE effect = ?",
      effect.effect,
    );
  const before: MagazinePlace = { slot: row.magazine, dispenser: row.dispenser, magazine: 0, capacity: 0 };
  for (const effect of open) {
    await settleCard(t, {
      intent: intentOf(effect),
      verdict: { outcome: "unknown", card: "unknown" },
      magazine: before,
      readHash: effect.read_hash ?? undefined,
    });
    await endUnknown(t, effect, opening.wall);
  }
  const items = await t.all<SlotRow>(
    "SELECT * FROM slots WHERE magazine = ? AND state <> 'empty' ORDER BY slot",
    row.magazine,
  );
  for (const item of items) if (!place || item.state !== "loaded") await doubt(t, item, [], opening);
  if (items.some(({ state }) => state === "loaded")) await markSuspect(t, row.magazine, MOVED);
  return items.length + open.length + left.length > 0;
}
