import type { Clock } from "../../drivers/kit/index.ts";
import type { Boot } from "./boot.ts";
import { type Evidence, judgeLoad, judgeRelease, judgeUnload } from "./evidence.ts";
import { log, vaultFault } from "./faults.ts";
import { type EffectRow, intentOf, type Ledger, type Seen } from "./ledger.ts";
import type { Locks } from "./locks.ts";
import { LIMITS, type MotionContext, watchDoor } from "./motion.ts";

const unseen: Seen = { latch: "unknown", item: "unknown" };
const parseSeen = (text: string | null): Seen => (text ? (JSON.parse(text) as Seen) : unseen);

/** What recovery needs of a motion's surroundings. */
type RecoveryContext = Pick<MotionContext, "ledger" | "locks" | "clock" | "limits" | "stopping"> & {
  boot: Boot;
};

/**
 * Gives every motion that was under way when the process ended its outcome, by what its device shows now. An INTENT was
 * never sent. Nothing is sent here.
 * @param settleCard gives a motion of a dispenser its outcome; undefined for one of a lock
 * @throws Fault `vault.stopping` when the process is to end first
 */
export async function settleOpenEffects(
  context: RecoveryContext,
  settleCard: (row: EffectRow) => Promise<string | undefined> = async () => undefined,
): Promise<number> {
  const { ledger } = context;
  const open = await ledger.openEffects();
  for (const row of open) {
    if (row.state === "INTENT") {
      await ledger.finish(intentOf(row), "notMoved", { detail: "neverSent" });
      log("recovered", { effect: row.effect, slot: row.slot, outcome: "notMoved" });
      continue;
    }
    const outcome = (await settleCard(row)) ?? (await settleLock(context, row));
    log("recovered", { effect: row.effect, slot: row.slot, outcome });
  }
  return open.length;
}

const judges = { release: judgeRelease, load: judgeLoad, unload: judgeUnload };

/** Judges an issued motion of a lock by what its board shows, after the door that staff have open is closed. */
async function settleLock(context: RecoveryContext, row: EffectRow): Promise<string> {
  const { ledger, locks, clock, limits, stopping, boot } = context;
  const looks = () => locks.lookTwiceWhenReady(row.slot, stopping);
  let [now, again] = await looks();
  const longAway = !isWithin(limits?.away ?? LIMITS.away, awayOf(row, boot, clock));
  let latchSeen = row.latch_seen === 1;
  const staff = row.kind === "load" || row.kind === "unload";
  if (staff && !longAway && again?.latch === "open") {
    if (!latchSeen) await ledger.latchSeen(intentOf(row));
    latchSeen = true;
    await watchDoor(context, row.slot);
    [now, again] = await looks();
  }
  if (stopping?.aborted) throw vaultFault("stopping");
  const before = parseSeen(row.before);
  const evidence: Evidence = { now, again, before, latchSeen, watched: false, longAway };
  // Of a dispenser that is not configured any more nothing can be said.
  const outcome = row.kind === "intake" || row.kind === "clear" ? "unknown" : judges[row.kind](evidence);
  await ledger.finish(intentOf(row), outcome, { detail: "afterRestart", after: again });
  return outcome;
}

/**
 * How long ago a motion began, ms; undefined where nobody can tell. Within a boot its uptime says it, which nobody sets. A wall
 * clock that was set forward or back says nothing then, nor does one that begins anew at about the time of the cut.
 */
function awayOf({ at, boot, up }: EffectRow, now: Boot, clock: Clock): number | undefined {
  if (boot === now.id && up !== null) return now.uptime() - up;
  return now.clockKept || boot === now.id ? clock.wall() - at : undefined;
}

/** A time that lies ahead was not measured by a clock that went on. */
const isWithin = (limit: number, ms: number | undefined): boolean =>
  ms !== undefined && ms >= 0 && ms <= limit;

const WATCH_MS = 1_000;

export interface PresentedWatch {
  ledger: Ledger;
  locks: Locks;
  clock: Clock;
  /** Slots that a motion is working on are its own to judge. */
  busy(slot: string): boolean;
  /** Whether staff may have their hands in the machine: an exchange is open, or an interlock active. */
  staff(): Promise<boolean>;
  /** Runs a job while no motion can begin. */
  inTurn<T>(job: () => Promise<T>): Promise<T>;
  onChange(): void;
}

/**
 * Watches slots that were left presented: when a door that was open is closed and the item gone, the outcome becomes
 * `taken` after all; `unknown` where staff were at the open door, who may have taken it. An item that vanishes behind a door
 * that was never seen open proves nothing. Ends with `signal`.
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
      if (!wasOpen) continue;
      // Written down: they may be gone when the door is shut, and the vault started anew.
      if (row.staff !== 1 && (await watch.staff())) await ledger.staffCame(row);
      if (gone(state)) await watch.inTurn(() => settleGone(watch, row));
    }
  }
}

const gone = (state: Seen | undefined): state is Seen => state?.latch === "locked" && state.item === "absent";

async function settleGone(
  { ledger, locks, staff, busy, onChange }: PresentedWatch,
  row: EffectRow,
): Promise<void> {
  const handled = (await staff()) || (await ledger.effect(row.effect))?.staff === 1;
  const [now, again] = await locks.lookTwice(row.slot);
  const slot = (await ledger.slots()).find((found) => found.slot === row.slot);
  if (!gone(now) || !gone(again) || busy(row.slot) || slot?.effect !== row.effect) return;
  await ledger.settleLate(row, handled ? "unknown" : "taken", again);
  onChange();
}
