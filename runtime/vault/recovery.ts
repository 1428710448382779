import type { Clock } from "../../drivers/kit/index.ts";
import { type Evidence, judgeLoad, judgeRelease, judgeUnload } from "./evidence.ts";
import { log, vaultFault } from "./faults.ts";
import { type EffectRow, intentOf, type Ledger, type Seen } from "./ledger.ts";
import type { Locks } from "./locks.ts";

const unseen: Seen = { latch: "unknown", item: "unknown" };
const parseSeen = (text: string | null): Seen => (text ? (JSON.parse(text) as Seen) : unseen);

/**
 * Gives every motion that was under way when the process ended its outcome, by what its device shows now. An INTENT was
 * never sent. Nothing is sent here.
 * @param settleCard gives a motion of a dispenser its outcome; undefined for one of a lock
 * @throws Fault `vault.stopping` when `signal` aborts first
 */
export async function settleOpenEffects(
  ledger: Ledger,
  locks: Locks,
  signal: AbortSignal,
  settleCard: (row: EffectRow) => Promise<string | undefined> = async () => undefined,
): Promise<number> {
  const open = await ledger.openEffects();
  for (const row of open) {
    if (row.state === "INTENT") {
      await ledger.finish(intentOf(row), "notMoved", { detail: "neverSent" });
      log("recovered", { effect: row.effect, slot: row.slot, outcome: "notMoved" });
      continue;
    }
    const ofCard = await settleCard(row);
    if (ofCard) {
      log("recovered", { effect: row.effect, slot: row.slot, outcome: ofCard });
      continue;
    }
    const [now, again] = await locks.lookTwiceWhenReady(row.slot, signal);
    if (signal.aborted) throw vaultFault("stopping");
    const evidence: Evidence = {
      now,
      again,
      before: parseSeen(row.before),
      latchSeen: row.latch_seen === 1,
      watched: false,
    };
    // Of a dispenser that is not configured any more nothing can be said.
    const outcome = row.kind === "intake" || row.kind === "clear" ? "unknown" : judges[row.kind](evidence);
    await ledger.finish(intentOf(row), outcome, { detail: "afterRestart", after: again });
    log("recovered", { effect: row.effect, slot: row.slot, outcome });
  }
  return open.length;
}

const judges = { release: judgeRelease, load: judgeLoad, unload: judgeUnload };

const WATCH_MS = 1_000;

export interface PresentedWatch {
  ledger: Ledger;
  locks: Locks;
  clock: Clock;
  /** Slots that a motion is working on are its own to judge. */
  busy(slot: string): boolean;
  /** Runs a job while no motion can begin. */
  inTurn<T>(job: () => Promise<T>): Promise<T>;
  onChange(): void;
}

/**
 * Watches slots that were left presented: when a door that was open is closed and the item gone, the outcome becomes
 * `taken` after all. An item that vanishes behind a door that was never seen open proves nothing. Ends with `signal`.
 */
export async function watchPresented(watch: PresentedWatch, signal: AbortSignal): Promise<void> {
  const { ledger, locks, clock } = watch;
  const seenOpen = new Set<string>();
  while (!signal.aborted) {
    await clock.sleep(WATCH_MS, signal);
    if (signal.aborted) return;
    for (const slot of await ledger.slots()) {
      if (slot.state !== "presented" || !slot.effect || watch.busy(slot.slot)) continue;
      const row = await ledger.effect(slot.effect);
      const state = row?.kind === "release" ? await locks.look(slot.slot) : undefined;
      if (!row || !state) continue;
      if (state.latch === "open") seenOpen.add(row.effect);
      const wasOpen = seenOpen.has(row.effect) || parseSeen(row.after).latch === "open";
      if (!wasOpen || !gone(state)) continue;
      await watch.inTurn(() => settleTaken(watch, row));
    }
  }
}

const gone = (state: Seen | undefined): state is Seen => state?.latch === "locked" && state.item === "absent";

async function settleTaken({ ledger, locks, busy, onChange }: PresentedWatch, row: EffectRow): Promise<void> {
  const [now, again] = await locks.lookTwice(row.slot);
  const slot = (await ledger.slots()).find((found) => found.slot === row.slot);
  if (!gone(now) || !gone(again) || busy(row.slot) || slot?.effect !== row.effect) return;
  await ledger.settleLate(row, "taken", again);
  onChange();
}
