import type { LockState, MotionToken } from "../../drivers/contract/index.ts";
import { type Clock, type Fault, isFault } from "../../drivers/kit/index.ts";
import type { HANDOVER_PHASES } from "../ipc/index.ts";
import type { CARD_LIMITS } from "./card-motion.ts";
import type { Dispensers } from "./dispensers.ts";
import type { Evidence } from "./evidence.ts";
import { log, vaultFault } from "./faults.ts";
import type { Intent, Ledger } from "./ledger.ts";
import type { Locks } from "./locks.ts";

/** Time limits of a motion, ms. */
export const LIMITS = {
  /** From the command to the latch seen open. */
  unlatch: 3_000,
  /** A door may stand open this long before the motion ends without it. */
  doorOpen: 120_000,
  /** What staff laid in is theirs when nobody has watched no longer than this, which is as long as a door may stand open. */
  away: 120_000,
  pollLatch: 120,
  pollDoor: 200,
};

/** Nobody opens a door, reaches in and closes it again between two looks that are not further apart, ms. */
const UNSEEN_MS = 800;

export type Phase = (typeof HANDOVER_PHASES)[number];

export interface MotionContext {
  ledger: Ledger;
  locks: Locks;
  dispensers: Dispensers;
  clock: Clock;
  /** Called before each named step; the crash tests end the process in it. */
  step: (name: string) => void;
  limits?: Partial<typeof LIMITS & typeof CARD_LIMITS>;
  /** Aborted when the process ends in order: what moves is then left to the recovery of the next start. */
  stopping?: AbortSignal;
  /** Ends a token whose call has come back; true when its driver has never come to the byte. */
  retire: (token: MotionToken) => boolean;
}

/**
 * One motion of one lock, from INTENT to the evidence of what happened:
 * INTENT durable, the board asked meanwhile → state before noted → ISSUED durable, which consumes what pays → one command →
 * watch latch and door.
 * Nothing is ever sent twice. The caller judges the evidence and writes the outcome. What an interlock has stopped at the
 * byte, and what never came to it, has evidence too: that of before.
 * @throws Fault when it ends before ISSUED, the ledger then has the intent as `notMoved`; or `vault.stopping`
 */
export async function move(
  context: MotionContext,
  intent: Intent,
  expected: LockState["item"] | "any",
  onPhase: (phase: Phase) => void,
): Promise<Evidence & { detail?: string }> {
  const { ledger, locks, step, clock } = context;
  step("before-intent");
  // A question moves nothing: it is on its way while the intent becomes durable, which takes long on a slow card.
  const looked = locks.look(intent.slot);
  await ledger.intent(intent);
  step("intent");
  onPhase("intent");
  const before = await looked;
  const refusal = refuse(before, expected);
  if (refusal || !before) {
    await ledger.finish(intent, "notMoved", { detail: refusal?.code, after: before });
    if (refusal?.code === "vault.contradiction")
      await ledger.lockOut(intent.slot, intent.effect, "itemSensor");
    throw refusal ?? vaultFault("notReady");
  }
  step("before-issued");
  let token: MotionToken;
  try {
    const { lock, compartment } = locks.place(intent.slot);
    token = await ledger.issue(intent, before, { device: lock, compartment });
  } catch (error) {
    if (isFault(error) && error.code.startsWith("vault."))
      await ledger.finish(intent, "notMoved", { detail: error.code });
    throw error;
  }
  step("issued");
  onPhase("issued");
  const sentAt = clock.mono();
  const purpose = intent.exchange ? "staff" : "public";
  const sent = await locks.unlock(intent.slot, token, purpose);
  const untouched = context.retire(token);
  step("sent");
  // Whether an unlock that failed reached the board is for the evidence to say.
  if (sent.ok) onPhase("unlocked");
  else if (untouched || isFault(sent.error, "device.interlocked")) {
    const by = String(sent.error.fields.by ?? sent.error.code);
    log("notSent", { effect: intent.effect, slot: intent.slot, by });
    // No byte has left, so that the slot is as it was.
    const asBefore = { now: before, again: before, before };
    return { ...asBefore, latchSeen: false, watched: true, longAway: false, detail: sent.error.code };
  } else log("sendFailed", { effect: intent.effect, slot: intent.slot }, sent.error);
  // The byte of an unlock that came back is its last deed; of another one it is not known when it went.
  const { latchSeen, watched } = await watchLatch(context, intent, sent.ok ? clock.mono() : sentAt, onPhase);
  step(latchSeen ? "opened" : "not-opened");
  await watchDoor(context, intent.slot);
  if (context.stopping?.aborted) throw vaultFault("stopping");
  step("closed");
  const [now, again] = await locks.lookTwiceWhenReady(intent.slot, context.stopping);
  if (context.stopping?.aborted) throw vaultFault("stopping");
  if (now?.latch === "locked" && latchSeen) onPhase("closed");
  step("before-outcome");
  return { now, again, before, latchSeen, watched, longAway: false };
}

/** Why a motion must not begin, from the state before it. */
function refuse(before: LockState | undefined, expected: LockState["item"] | "any"): Fault | undefined {
  if (!before || before.latch === "unknown") return vaultFault("notReady");
  if (before.latch === "open") return vaultFault("slotBusy");
  if (expected !== "any" && before.item !== "unknown" && before.item !== expected)
    return vaultFault("contradiction");
  return undefined;
}

/**
 * Looks for the latch to open; `latchSeen` once it was, which is written down at once. A board that could not be asked for
 * too long has not been watched: somebody may have opened and closed the door meanwhile.
 * @param since monotonic ms of the command
 */
async function watchLatch(
  { ledger, locks, clock, limits, step, stopping }: MotionContext,
  intent: Intent,
  since: number,
  onPhase: (phase: Phase) => void,
): Promise<{ latchSeen: boolean; watched: boolean }> {
  const end = clock.mono() + (limits?.unlatch ?? LIMITS.unlatch);
  let lastLook = since;
  let watched = true;
  while (clock.mono() < end && !stopping?.aborted) {
    const state = await locks.look(intent.slot);
    if (state?.latch === "open") {
      step("latch-seen");
      await ledger.latchSeen(intent);
      onPhase("opened");
      return { latchSeen: true, watched: true };
    }
    if (clock.mono() - lastLook > UNSEEN_MS) watched = false;
    if (state) lastLook = clock.mono();
    await clock.sleep(limits?.pollLatch ?? LIMITS.pollLatch, stopping);
  }
  return { latchSeen: false, watched: watched && clock.mono() - lastLook <= UNSEEN_MS };
}

/** Waits until the door is closed, or has stood open for its time. */
export async function watchDoor(
  { locks, clock, limits, stopping }: Pick<MotionContext, "locks" | "clock" | "limits" | "stopping">,
  slot: string,
): Promise<void> {
  const end = clock.mono() + (limits?.doorOpen ?? LIMITS.doorOpen);
  while (clock.mono() < end && !stopping?.aborted) {
    const state = await locks.look(slot);
    if (state?.latch === "locked") return;
    await clock.sleep(limits?.pollDoor ?? LIMITS.pollDoor, stopping);
  }
}
