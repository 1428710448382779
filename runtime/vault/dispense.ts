import { type CardEvidence, type CardVerdict, judgeCard, judgeClear, judgeIntake } from "./card-evidence.ts";
import { finishCard, suspect } from "./card-ledger.ts";
import { CARD_LIMITS, CardMotion } from "./card-motion.ts";
import type { DispenserLook } from "./dispensers.ts";
import { vaultFault } from "./faults.ts";
import type { Intent } from "./ledger.ts";
import type { MotionContext, Phase } from "./motion.ts";
import type { MagazinePlace } from "./stock.ts";

/**
 * Hands one item out of a dispenser: INTENT → path looked at → ISSUED, which consumes the voucher → feed → the item is read,
 * out of reach → only the voucher's own goes to the gate; any other one is captured, and the hand-over ends there: what comes
 * next out of a magazine whose order was wrong is anybody's → taken, or captured after its time.
 * Each motion has a durable row of its own and is sent once.
 * @throws Fault when it ends before ISSUED, the ledger then has the intent as `notMoved`; or `vault.stopping`
 */
export async function dispense(
  context: MotionContext,
  intent: Intent,
  place: MagazinePlace,
  onPhase: (phase: Phase) => void,
): Promise<CardVerdict> {
  const { ledger } = context;
  const card = new CardMotion(context, intent, place, onPhase);
  await card.intend();
  const before = await context.dispensers.look(place.dispenser);
  if (before?.path === "clear" && before.stock[place.magazine] === "empty") {
    await suspect(ledger, place.slot, intent.effect, "empty");
    return card.refuse(vaultFault("contradiction"));
  }
  await refuseUnlessFree(card, before);
  await card.first("feed", before as DispenserLook);
  let look = await card.settled();
  if (look?.path === "reader") {
    onPhase("fed");
    if ((await card.identify()) === "same") {
      look = await offer(context, card, look, onPhase);
    }
  }
  if (look?.path === "reader" || look?.path === "gate") {
    await card.next("retract", look);
  }
  return conclude(context, card, judgeCard);
}

/**
 * Takes one old card in through the entry: ISSUED consumes the voucher → entry open → card at the reader, entry closed → the
 * expected one (or any, where the voucher says so) is captured, another one is given back.
 * @throws as `dispense`
 */
export async function takeIn(
  context: MotionContext,
  intent: Intent,
  place: MagazinePlace,
  onPhase: (phase: Phase) => void,
): Promise<CardVerdict> {
  const { step, limits, dispensers } = context;
  const card = new CardMotion(context, intent, place, onPhase);
  await card.intend();
  const before = await dispensers.look(place.dispenser);
  await refuseUnlessFree(card, before);
  await card.first("accept", before as DispenserLook);
  // Nobody is sent to an entry of which the unit has not said that it is open.
  if (card.answered) {
    onPhase("entryOpen");
    await card.until(
      (look) => look === undefined || look.path === "reader",
      limits?.insert ?? CARD_LIMITS.insert,
    );
  }
  step("card-in");
  // Also of one that did not answer: it may have opened it.
  await dispensers.endAccept(place.dispenser);
  step("entry-closed");
  let look = await card.settled();
  if (look?.path === "reader") {
    if ((await card.identify()) !== "same" && !intent.anyCard) {
      look = await offer(context, card, look, onPhase);
    }
  }
  if (look?.path === "reader" || look?.path === "gate") await card.next("retract", look);
  return conclude(context, card, judgeIntake);
}

/**
 * Captures what an ended motion left in the path: one motion, paid for by the leftover, which is consumed with it. Nobody
 * gets anything by it.
 * @param readHash what the motion that left it had read
 * @throws as `dispense`
 */
export async function clearPath(
  context: MotionContext,
  intent: Intent,
  place: MagazinePlace,
  readHash: string | undefined,
): Promise<CardVerdict> {
  const card = new CardMotion(context, intent, place, () => undefined);
  card.readHash = readHash;
  await card.intend();
  const before = await context.dispensers.look(place.dispenser);
  if (!before || before.binFull || (before.path !== "gate" && before.path !== "reader"))
    return card.refuse(vaultFault("notReady"));
  await card.first("retract", before);
  return conclude(context, card, judgeClear);
}

/** Holds the item at the gate until it is taken or its time is over; answers where things are then. */
async function offer(
  { step, limits }: MotionContext,
  card: CardMotion,
  look: DispenserLook,
  onPhase: (phase: Phase) => void,
): Promise<DispenserLook | undefined> {
  await card.next("present", look);
  const there = await card.settled();
  if (there?.path !== "gate") return there;
  onPhase("presented");
  step("at-gate");
  await card.gone(limits?.take ?? CARD_LIMITS.take);
  return card.settled();
}

/** Judges by all that is known now, and writes it down. */
async function conclude(
  { ledger, step }: MotionContext,
  card: CardMotion,
  judge: (evidence: CardEvidence) => CardVerdict,
): Promise<CardVerdict> {
  const evidence = await card.evidence();
  const verdict = judge(evidence);
  step("before-outcome");
  await finishCard(ledger, card.intent, verdict, {
    magazine: card.place,
    readHash: card.readHash,
    after: evidence.again,
    ...(card.stopped ? { detail: card.stopped } : {}),
  });
  step("outcome");
  return verdict;
}

/** The path must be clear, and the bin must have room for what goes wrong. */
async function refuseUnlessFree(card: CardMotion, before: DispenserLook | undefined): Promise<void> {
  if (!before || before.path === "unknown") await card.refuse(vaultFault("notReady"));
  else if (before.path !== "clear") await card.refuse(vaultFault("slotBusy", { slot: card.place.slot }));
  else if (before.binFull) await card.refuse(vaultFault("binFull"));
}
