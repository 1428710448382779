import type { DispenserMotion, MotionToken } from "../../drivers/contract/index.ts";
import { isFault } from "../../drivers/kit/index.ts";
import type { CardEvidence, CardSeen } from "./card-evidence.ts";
import { identified } from "./card-ledger.ts";
import type { DispenserLook } from "./dispensers.ts";
import { log, vaultFault } from "./faults.ts";
import type { Intent } from "./ledger.ts";
import { looksWhenReady } from "./looks.ts";
import type { MotionContext, Phase } from "./motion.ts";
import type { MagazinePlace } from "./stock.ts";

/** Time limits of a dispenser, ms. */
export const CARD_LIMITS = {
  /** A person has so long to take what is at the gate. */
  take: 30_000,
  /** And so long to put an old card in. */
  insert: 30_000,
  pollPath: 250,
  /** What could not be captured now is tried again after this. */
  retry: 60_000,
  /** A unit that is opened anew after it fell silent is waited for: one that lost an INIT answers the next one after 30 s. */
  device: 45_000,
};

/** One item on its way through a dispenser, under one effect. */
export class CardMotion {
  readonly #context: MotionContext;
  readonly intent: Intent;
  readonly place: MagazinePlace;
  readonly #onPhase: (phase: Phase) => void;
  #last: DispenserMotion = "feed";
  #before: CardSeen = { path: "unknown" };
  #answered: boolean | undefined;
  /** Why a motion was not sent: an interlock stopped it at the byte, or its driver never came to it. */
  stopped: string | undefined;
  readHash: string | undefined;

  constructor(context: MotionContext, intent: Intent, place: MagazinePlace, onPhase: (phase: Phase) => void) {
    this.#context = context;
    this.intent = intent;
    this.place = place;
    this.#onPhase = onPhase;
  }

  /** INTENT durable. */
  async intend(): Promise<void> {
    this.#context.step("before-intent");
    await this.#context.ledger.intent(this.intent);
    this.#context.step("intent");
    this.#onPhase("intent");
  }

  /** Ends before ISSUED: nothing has moved. @throws the fault */
  async refuse(fault: ReturnType<typeof vaultFault>): Promise<never> {
    await this.#context.ledger.finish(this.intent, "notMoved", { detail: fault.code });
    throw fault;
  }

  /**
   * ISSUED durable, which consumes what pays, then the first motion, once. Steps: `before-issued`, `issued`, `<motion>-sent`.
   * @throws Fault when it ends before ISSUED
   */
  async first(motion: DispenserMotion, before: DispenserLook): Promise<void> {
    const { ledger, step } = this.#context;
    const seen = seenOf(before);
    step("before-issued");
    let token: MotionToken;
    try {
      token = await ledger.issue(this.intent, seen, this.#target(motion));
    } catch (error) {
      if (isFault(error) && error.code.startsWith("vault."))
        await ledger.finish(this.intent, "notMoved", { detail: error.code });
      throw error;
    }
    step("issued");
    this.#onPhase("issued");
    await this.#send(motion, seen, token);
  }

  /** Whether the unit itself said that the last motion went well. */
  get answered(): boolean {
    return this.#answered === true;
  }

  /** A further motion, once. Steps: `before-<motion>`, `<motion>-issued`, `<motion>-sent`. */
  async next(motion: DispenserMotion, before: DispenserLook): Promise<void> {
    const { ledger, step } = this.#context;
    const seen = seenOf(before);
    step(`before-${motion}`);
    const token = await ledger.issueNext(this.intent, seen, this.#target(motion));
    step(`${motion}-issued`);
    await this.#send(motion, seen, token);
  }

  /** What was read at the reader, written down. Step: `identified`. */
  async identify(): Promise<"same" | "other" | "unreadable" | undefined> {
    const { dispensers, ledger, step } = this.#context;
    this.readHash = await dispensers.identify(this.place.dispenser);
    if (this.readHash === undefined) return undefined;
    await identified(ledger, this.intent, this.readHash);
    step("identified");
    return readOf(this.intent, this.readHash);
  }

  /** Two looks that say the same, or undefined: the unit is waited for when it was lost on the way. */
  async settled(): Promise<DispenserLook | undefined> {
    const [now, again] = await lookWhenReady(this.#context, this.place.dispenser);
    return now && again && now.path === again.path && now.bin === again.bin ? again : undefined;
  }

  /** Looks until the item is not at the gate any more, or the time is over. Answers whether it has gone. */
  gone(ms: number): Promise<boolean> {
    return this.until((look) => look !== undefined && look.path !== "gate", ms);
  }

  /** Looks until `probe` says yes, or the time is over. @throws Fault `vault.stopping` */
  async until(probe: (look: DispenserLook | undefined) => boolean, ms: number): Promise<boolean> {
    const { clock, limits, stopping, dispensers } = this.#context;
    const end = clock.mono() + ms;
    while (clock.mono() < end && !stopping?.aborted) {
      if (probe(await dispensers.look(this.place.dispenser))) return true;
      await clock.sleep(limits?.pollPath ?? CARD_LIMITS.pollPath, stopping);
    }
    if (stopping?.aborted) throw vaultFault("stopping");
    return false;
  }

  /** All that is known now. */
  async evidence(): Promise<CardEvidence> {
    const { stopping } = this.#context;
    const [now, again] = await lookWhenReady(this.#context, this.place.dispenser);
    if (stopping?.aborted) throw vaultFault("stopping");
    return {
      kind: this.intent.kind as CardEvidence["kind"],
      last: this.#last,
      before: this.#before,
      now: now && seenOf(now),
      again: again && seenOf(again),
      read: readOf(this.intent, this.readHash),
      answered: this.#answered,
    };
  }

  async #send(motion: DispenserMotion, before: CardSeen, token: MotionToken): Promise<void> {
    const { dispensers, retire, step } = this.#context;
    this.#last = motion;
    this.#before = before;
    const sent = await dispensers.move(this.place.dispenser, motion, token);
    const untouched = retire(token);
    this.#answered = sent.ok;
    if (!sent.ok && (untouched || isFault(sent.error, "device.interlocked")))
      this.stopped ??= sent.error.code;
    // Whether a motion that failed reached the unit is for the evidence to say.
    if (!sent.ok) log("sendFailed", { effect: this.intent.effect, slot: this.intent.slot }, sent.error);
    step(`${motion}-sent`);
  }

  #target = <M extends DispenserMotion>(motion: M): { device: string; compartment: number; motion: M } => ({
    device: this.place.dispenser,
    compartment: motion === "feed" ? this.place.magazine : 0,
    motion,
  });
}

export const seenOf = ({ path, bin }: CardSeen): CardSeen => ({
  path,
  ...(bin === undefined ? {} : { bin }),
});

export function readOf(
  intent: Pick<Intent, "itemHash" | "anyCard">,
  readHash: string | undefined,
): CardEvidence["read"] {
  // Where any card is taken in, each is the one that was meant.
  if (intent.anyCard) return "same";
  if (readHash === undefined) return undefined;
  if (readHash === "unreadable") return readHash;
  return readHash === intent.itemHash ? "same" : "other";
}

/** Two looks at a dispenser; one that was lost, or is lost in between, is waited for. */
export async function lookWhenReady(
  {
    dispensers,
    clock,
    limits,
    stopping,
  }: Pick<MotionContext, "dispensers" | "clock" | "limits" | "stopping">,
  dispenser: string,
): Promise<[DispenserLook | undefined, DispenserLook | undefined]> {
  const end = clock.mono() + (limits?.device ?? CARD_LIMITS.device);
  return looksWhenReady(
    () => dispensers.lookTwice(dispenser),
    (over) => Promise.race([dispensers.whenReady(dispenser), clock.sleep(end - clock.mono(), over)]),
    () => clock.mono() >= end,
    stopping,
  );
}
