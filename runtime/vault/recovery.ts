import type { Clock } from "../../drivers/kit/index.ts";
import { type Evidence, judgeLoad, judgeRelease, judgeUnload } from "./evidence.ts";
import { log } from "./faults.ts";
import { type EffectRow, intentOf, type Ledger } from "./ledger.ts";
import type { Locks } from "./locks.ts";

/**
 * Gives every motion that was under way when the process ended its outcome, by what the board shows now. An INTENT was
 * never sent. Nothing is sent here.
 */
export async function settleOpenEffects(ledger: Ledger, locks: Locks): Promise<number> {
  const open = await ledger.openEffects();
  for (const row of open) {
    if (row.state === "INTENT") {
      await finish(ledger, row, row.kind === "release" ? "notMoved" : "empty", "neverSent");
      continue;
    }
    await locks.host(row.slot).whenReady();
    const [now, again] = await locks.lookTwice(row.slot);
    const before = JSON.parse(row.before ?? '{"latch":"unknown","item":"unknown"}') as Evidence["before"];
    const evidence: Evidence = { now, again, before, latchSeen: row.latch_seen === 1, watched: false };
    const outcome =
      row.kind === "release"
        ? judgeRelease(evidence)
        : row.kind === "load"
          ? judgeLoad(evidence)
          : judgeUnload(evidence);
    await finish(ledger, row, outcome, "afterRestart");
  }
  return open.length;
}

async function finish(
  ledger: Ledger,
  row: EffectRow,
  outcome: ReturnType<typeof judgeRelease> | ReturnType<typeof judgeLoad>,
  detail: string,
): Promise<void> {
  await ledger.finish(intentOf(row), outcome, detail);
  log("recovered", { effect: row.effect, slot: row.slot, outcome });
}

const WATCH_MS = 1_000;

/**
 * Watches slots that were left with an open door: when it is closed and the item gone, the outcome becomes `taken`
 * after all. Ends with `signal`.
 */
export async function watchPresented(
  ledger: Ledger,
  locks: Locks,
  clock: Clock,
  busy: (slot: string) => boolean,
  signal: AbortSignal,
  onChange: () => void,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(WATCH_MS, signal);
    if (signal.aborted) return;
    for (const slot of (await ledger.slots()).filter(
      (row) => row.state === "presented" && row.effect && !busy(row.slot),
    )) {
      const row = await ledger.effect(slot.effect ?? "");
      const state = row?.kind === "release" ? await locks.look(slot.slot) : undefined;
      if (!row || state?.latch !== "locked" || state.item !== "absent") continue;
      const [now, again] = await locks.lookTwice(slot.slot);
      if (
        now?.latch !== "locked" ||
        now.item !== "absent" ||
        again?.latch !== "locked" ||
        again.item !== "absent"
      )
        continue;
      await ledger.settleLate(row, "taken");
      onChange();
    }
  }
}
