import type { DispenserMotion } from "../../drivers/contract/index.ts";
import { isFault, newId } from "../../drivers/kit/index.ts";
import {
  type CardEvidence,
  type CardSeen,
  type CardVerdict,
  judgeCard,
  judgeClear,
  judgeIntake,
} from "./card-evidence.ts";
import { finishCard, identified, settleLateCard } from "./card-ledger.ts";
import { CARD_LIMITS, lookWhenReady, readOf, seenOf } from "./card-motion.ts";
import { clearPath } from "./dispense.ts";
import { log, vaultFault } from "./faults.ts";
import { type EffectRow, type Intent, intentOf } from "./ledger.ts";
import type { MotionContext } from "./motion.ts";
import type { MagazinePlace } from "./stock.ts";

/** Motions of one effect in the order in which they can be issued. */
const ORDER: readonly DispenserMotion[] = ["feed", "accept", "present", "retract"];

const judges = { release: judgeCard, intake: judgeIntake, clear: judgeClear };

/**
 * Gives a motion of a dispenser that was under way when the process ended its outcome, by what the unit shows now. It can be
 * asked: where the item is, which one it is, and what the bin has counted. Nothing is sent that moves.
 * @throws Fault `vault.stopping`
 */
export async function settleCardEffect(
  context: MotionContext,
  row: EffectRow,
  magazine: MagazinePlace,
): Promise<string> {
  const { ledger, dispensers, stopping } = context;
  const intent = intentOf(row);
  const motions = await ledger.motions(row.effect);
  const last = motions.toSorted((a, b) => ORDER.indexOf(a.motion) - ORDER.indexOf(b.motion)).at(-1);
  const [now, again] = await lookWhenReady(context, magazine.dispenser);
  if (stopping?.aborted) throw vaultFault("stopping");
  let readHash = row.read_hash ?? undefined;
  // An item at the reader that nobody had read yet tells which one it is.
  const reads = last?.motion === "feed" || last?.motion === "accept";
  if (!readHash && now?.path === "reader" && again?.path === "reader" && reads) {
    readHash = await dispensers.identify(magazine.dispenser);
    if (readHash) await identified(ledger, intent, readHash);
  }
  const kind = row.kind as CardEvidence["kind"];
  const verdict = judges[kind]({
    kind,
    last: last?.motion ?? "feed",
    before: last ? (JSON.parse(last.before) as CardSeen) : { path: "unknown" },
    now: now && seenOf(now),
    again: again && seenOf(again),
    read: readOf(intent, readHash),
  });
  await finishCard(ledger, intent, verdict, {
    magazine,
    readHash,
    ...(again ? { after: seenOf(again) } : {}),
    detail: "afterRestart",
  });
  return verdict.outcome;
}

const WATCH_MS = 1_000;

export interface LeftoverWatch {
  context: MotionContext;
  /** Dispensers that a motion is working on are its own to judge. */
  busy(dispenser: string): boolean;
  /** Whether staff may have their hands in the machine: an exchange is open, or an interlock active. */
  staff(): Promise<boolean>;
  /** Runs a job while no motion can begin. */
  inTurn<T>(job: () => Promise<T>): Promise<T>;
  onChange(): void;
}

/**
 * Sees to what ended motions left in a path, in a vault that was started anew: an item at the gate that its owner takes
 * becomes `taken`, and after its time it is captured; one inside is captured at once. Only where the motion that left it
 * had not tried to. While staff may have their hands in it nothing is moved, and what goes from the gate is `unknown`: they
 * may have taken it. Ends with `signal`.
 */
export async function watchLeftovers(watch: LeftoverWatch, signal: AbortSignal): Promise<void> {
  const { ledger, dispensers, clock, limits } = watch.context;
  const since = new Map<string, number>();
  const nextTry = new Map<string, number>();
  while (!signal.aborted) {
    for (const row of await ledger.leftovers()) {
      const magazine = dispensers.magazine(row.slot);
      if (!magazine || watch.busy(magazine.dispenser)) continue;
      const first = since.get(row.effect) ?? clock.mono();
      since.set(row.effect, first);
      const look = await dispensers.look(magazine.dispenser);
      if (!look) continue;
      const over = row.left_at === "path" || clock.mono() - first >= (limits?.take ?? CARD_LIMITS.take);
      const staff = await watch.staff();
      if (look.path === "clear") {
        await watch.inTurn(() => settleGone(watch, row, magazine, staff));
        continue;
      }
      const clearable = !look.binFull && (look.path === "gate" || look.path === "reader");
      if (!over || staff || !clearable || clock.mono() < (nextTry.get(row.effect) ?? 0)) continue;
      // It may come to nothing: an exchange has just opened, or the unit falls silent.
      nextTry.set(row.effect, clock.mono() + (limits?.retry ?? CARD_LIMITS.retry));
      await watch.inTurn(() => clear(watch, row, magazine));
    }
    await clock.sleep(limits?.pollPath ? limits.pollPath * 4 : WATCH_MS, signal);
  }
}

/** What was left in the path is not there any more. */
async function settleGone(
  watch: LeftoverWatch,
  row: EffectRow,
  magazine: MagazinePlace,
  staff: boolean,
): Promise<void> {
  const { context, busy, onChange } = watch;
  if (busy(magazine.dispenser)) return;
  const [now, again] = await context.dispensers.lookTwice(magazine.dispenser);
  if (now?.path !== "clear" || again?.path !== "clear" || now.bin !== again.bin) return;
  const kind = row.kind as CardEvidence["kind"];
  const intent = intentOf(row);
  const verdict = judges[kind]({
    kind,
    last: row.left_at === "gate" ? "present" : "retract",
    before: row.after ? (JSON.parse(row.after) as CardSeen) : { path: "unknown" },
    now: seenOf(now),
    again: seenOf(again),
    read: readOf(intent, row.read_hash ?? undefined),
  });
  // What is neither out nor in the bin is nowhere that the sensors know: that will not change by looking longer.
  const late: CardVerdict =
    staff && verdict.card === "out" ? { outcome: "unknown", card: "unknown" } : verdict;
  await settleLateCard(context.ledger, row, late, magazine);
  onChange();
}

async function clear(watch: LeftoverWatch, row: EffectRow, magazine: MagazinePlace): Promise<void> {
  const { context, busy, onChange } = watch;
  if (busy(magazine.dispenser) || (await watch.staff())) return;
  const motions = await context.ledger.motions(row.effect);
  if (motions.some(({ motion }) => motion === "retract")) return;
  const intent: Intent = {
    effect: newId(context.clock.wall()),
    kind: "clear",
    slot: row.slot,
    clears: row.effect,
    ...(row.item_hash ? { itemHash: row.item_hash } : {}),
  };
  try {
    const verdict = await clearPath(context, intent, magazine, row.read_hash ?? undefined);
    log("cleared", { effect: intent.effect, slot: row.slot, outcome: verdict.modifier ?? verdict.outcome });
  } catch (error) {
    // It ended before anything moved; the item stays where it is, and staff see to it.
    if (!isFault(error)) throw error;
  }
  onChange();
}
