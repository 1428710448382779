import { newId } from "../../drivers/kit/index.ts";
import { appendJournal, type Statements } from "../../drivers/store/index.ts";
import { type EffectRow, family, type SlotRow } from "./ledger-schema.ts";
import { isSame, lastSaid, meet, type PinnedPlace } from "./places.ts";

export const MOVED = "moved";
/** The trial of a configuration and the way back take less, ms. Later somebody may have wired the unit as it was said. */
const TRIAL_MS = 10 * 60_000;

/** When a ledger is opened. */
export interface Opening {
  wall: number;
  boot: string | null;
}

/**
 * What lies in a slot is not known any more; a motion that was under way there is over. What it was before is kept, if it
 * was sure then: the configuration may only be on trial.
 * @param dropped it has no place any more, and none was given to another slot: it may come back at any time
 */
export async function doubt(
  t: Statements,
  row: SlotRow,
  open: readonly EffectRow[],
  { wall, boot }: Opening,
  dropped = false,
): Promise<void> {
  const own = open.filter(({ slot }) => slot === row.slot);
  let itemHash = row.item_hash;
  for (const effect of own) {
    itemHash ??= effect.item_hash;
    await endUnknown(t, effect, wall);
  }
  const effect = newId(wall);
  await t.run(
    "UPDATE slots SET state = 'unknown', item_hash = ?, effect = ?, place = NULL WHERE slot = ?",
    itemHash,
    effect,
    row.slot,
  );
  if (own.length > 0) await t.run("UPDATE slots SET was_state = NULL WHERE slot = ?", row.slot);
  else if (row.to_device === null && row.magazine === null)
    await t.run(
      "UPDATE slots SET was_state = ?, was_effect = ?, was_until = ?, was_boot = ? WHERE slot = ?",
      row.state,
      row.effect,
      dropped ? null : wall + TRIAL_MS,
      boot,
      row.slot,
    );
  // What was dropped is moved as well: from now on it may come back as long as what was moved.
  else if (row.to_device !== null && !dropped && row.was_until === null)
    await t.run(
      "UPDATE slots SET was_until = ?, was_boot = ? WHERE slot = ?",
      wall + TRIAL_MS,
      boot,
      row.slot,
    );
  const item = itemHash ? { itemHash } : {};
  await appendJournal(t, wall, "slot.unknown", { effect, slot: row.slot, ...item, detail: MOVED });
}

/** Ends a motion that was under way where nobody can say any more what became of it. */
export async function endUnknown(t: Statements, row: EffectRow, wall: number): Promise<void> {
  await t.run("UPDATE effects SET state = 'DONE', outcome = 'unknown' WHERE effect = ?", row.effect);
  const area = family(row.kind);
  await appendJournal(t, wall, area === "exchange" ? "exchange.unknown" : `${area}.outcome`, {
    effect: row.effect,
    slot: row.slot,
    ...(row.voucher ? { voucher: row.voucher } : {}),
    ...(row.item_hash ? { itemHash: row.item_hash } : {}),
    outcome: "unknown",
    detail: MOVED,
    ...(row.operator ? { operator: row.operator } : {}),
  });
}

/**
 * The configuration has gone back: slots in doubt that have the door again behind which they were sure are what they were,
 * when nothing was opened or settled meanwhile at any door where theirs or another's item may lie, and no other slot that
 * stays in doubt may have its item there.
 */
export async function goBack(
  t: Statements,
  places: readonly PinnedPlace[],
  { wall, boot }: Opening,
): Promise<void> {
  const rows = await t.all<SlotRow>("SELECT * FROM slots WHERE magazine IS NULL ORDER BY slot");
  const open = await t.all<EffectRow>("SELECT * FROM effects WHERE state = 'ISSUED'");
  const inTime = ({ was_until: until, was_boot }: SlotRow) =>
    until === null || (was_boot === boot && wall <= until && wall >= until - TRIAL_MS);
  let back = rows.filter((row) => {
    if (row.to_device === null || row.was_state === null || !inTime(row)) return false;
    const place = places.find(({ slot }) => slot === row.slot);
    return place ? isSame(row, place) && !isSame(lastSaid(row), place) : row.was_state === "empty";
  });
  const stays = (row: SlotRow) =>
    !back.includes(row) && (row.state !== "empty" || open.some(({ slot }) => slot === row.slot));
  for (let before = -1; before !== back.length; ) {
    before = back.length;
    back = back.filter((row) => !rows.some((other) => other !== row && stays(other) && meet(other, row)));
  }
  for (const row of back) {
    await t.run(
      "UPDATE slots SET state = ?, effect = ?, to_device = NULL, to_compartment = NULL, was_state = NULL WHERE slot = ?",
      row.was_state,
      row.was_effect,
      row.slot,
    );
    await appendJournal(t, wall, "slot.restored", {
      slot: row.slot,
      ...(row.effect ? { effect: row.effect } : {}),
      ...(row.item_hash ? { itemHash: row.item_hash } : {}),
      detail: MOVED,
    });
  }
}

/** Something is opened or settled at a slot: no slot whose item may lie behind one of its doors goes back by itself. */
export async function forgetBefore(t: Statements, slot: string): Promise<void> {
  const rows = await t.all<SlotRow>(
    "SELECT * FROM slots WHERE to_device IS NOT NULL AND was_state IS NOT NULL",
  );
  if (rows.length === 0) return;
  const own = await t.get<SlotRow>("SELECT * FROM slots WHERE slot = ?", slot);
  for (const row of rows)
    if (row.slot === slot || (own && meet(row, own)))
      await t.run("UPDATE slots SET was_state = NULL WHERE slot = ?", row.slot);
}
