import { err, isFault, newId, ok, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import { itemHashOf, type Voucher } from "../../fleet/contract/index.ts";
import type { Handover } from "../ipc/index.ts";
import type { Modifier } from "./card-evidence.ts";
import { dispense, takeIn } from "./dispense.ts";
import { judgeRelease } from "./evidence.ts";
import { log, vaultFault } from "./faults.ts";
import type { Interlocks } from "./interlocks.ts";
import type { EffectRow, Intent } from "./ledger.ts";
import { type MotionContext, move, type Phase } from "./motion.ts";
import type { Papers } from "./papers.ts";
import type { MagazinePlace } from "./stock.ts";

export interface ReleaseRequest {
  command: string;
  voucher: string;
  challenge: string;
  attestation?: string;
  release?: string;
}

/** Where a voucher leads: a compartment, or a dispenser's magazine and the slot in it. */
interface Way {
  slot: string;
  magazine?: MagazinePlace;
}

type End = Pick<Handover, "outcome" | "modifier">;

/** Hands items out: verifies, opens challenges, moves once, tells what became of it. */
export class Collection {
  readonly #motion: MotionContext;
  readonly #papers: Papers;
  readonly #interlocks: Interlocks;
  readonly #gate: () => Result<void>;
  readonly #onHandover: (handover: Handover) => void;
  readonly #running = new Set<string>();
  readonly #live = new Map<string, Handover>();
  readonly #ends = new Set<Promise<void>>();

  constructor(options: {
    motion: MotionContext;
    papers: Papers;
    interlocks: Interlocks;
    /** Refuses while the vault is not ready or staff are loading. */
    gate: () => Result<void>;
    onHandover: (handover: Handover) => void;
  }) {
    this.#motion = options.motion;
    this.#papers = options.papers;
    this.#interlocks = options.interlocks;
    this.#gate = options.gate;
    this.#onHandover = options.onHandover;
  }

  busy = (slot: string): boolean => this.#running.has(slot);
  anyBusy = (): boolean => this.#running.size > 0;

  /** Waits until nothing moves any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#ends);
  }

  /** Verifies a voucher and opens a challenge for its owner's proof. Moves nothing. */
  async begin(jws: string): Promise<Result<{ challenge: string; slot: string }>> {
    const allowed = await this.#allowed(jws);
    if (!allowed.ok) return allowed;
    return ok({ challenge: this.#papers.challenge(jws), slot: allowed.value.way.slot });
  }

  /**
   * Hands one item out. Answers once the motion is written down; the outcome follows as an event and by `outcome`.
   * The same command again gets the stored answer; with other contents it is `vault.conflict`. Its caller lets one
   * request at a time through, so that what is checked here still holds when the intent is written.
   */
  async release(request: ReleaseRequest): Promise<Result<Handover>> {
    const requestHash = sha256Hex(
      JSON.stringify([request.voucher, request.challenge, request.attestation ?? "", request.release ?? ""]),
    );
    const known = await this.#motion.ledger.byCommand(request.command);
    if (known)
      return known.request_hash === requestHash ? ok(this.#handoverOf(known)) : err(vaultFault("conflict"));
    const allowed = await this.#allowed(request.voucher);
    if (!allowed.ok) return allowed;
    const { voucher, way } = allowed.value;
    const proof = this.#papers.proof(request, voucher.id);
    if (!proof.ok) return proof;
    const intent: Intent = {
      effect: newId(this.#motion.clock.wall()),
      kind: voucher.intake ? "intake" : "release",
      slot: way.slot,
      itemHash: itemHashOf(voucher.item),
      voucher: { id: voucher.id, seq: voucher.seq },
      command: { id: request.command, requestHash },
      ...(proof.value.operator ? { operator: proof.value.operator } : {}),
      ...(voucher.intake === "any" ? { anyCard: true } : {}),
    };
    return this.#run(intent, way);
  }

  /** What became of a command; undefined when it was never accepted. */
  async outcome(command: string): Promise<Handover | undefined> {
    const row = await this.#motion.ledger.byCommand(command);
    return row ? this.#handoverOf(row) : undefined;
  }

  /** Resolves when the intent is written down, or with the fault that ended it before. */
  async #run(intent: Intent, { magazine }: Way): Promise<Result<Handover>> {
    const held = [intent.slot, ...(magazine ? [magazine.dispenser] : [])];
    for (const one of held) this.#running.add(one);
    const tell = (handover: Handover): void => {
      this.#live.set(intent.effect, handover);
      log("handover", { ...handover });
      this.#onHandover(handover);
    };
    const { effect, slot } = intent;
    let accepted: (result: Result<Handover>) => void = () => undefined;
    const answer = new Promise<Result<Handover>>((resolve) => {
      accepted = resolve;
    });
    const end = (async () => {
      try {
        const ended = await this.#move(intent, magazine, (phase) => {
          if (phase === "issued") accepted(ok({ effect, slot, phase: "issued" }));
          tell({ effect, slot, phase });
        });
        tell({ effect, slot, phase: "done", ...ended });
      } catch (error) {
        if (!isFault(error)) throw error;
        accepted(err(error));
      } finally {
        for (const one of held) this.#running.delete(one);
        this.#live.delete(effect);
      }
    })();
    this.#ends.add(end);
    void end.finally(() => this.#ends.delete(end));
    return answer;
  }

  /** Moves and writes down what it came to. */
  async #move(
    intent: Intent,
    magazine: MagazinePlace | undefined,
    onPhase: (phase: Phase) => void,
  ): Promise<End> {
    if (magazine) {
      const give = intent.kind === "intake" ? takeIn : dispense;
      const { outcome, modifier } = await give(this.#motion, intent, magazine, onPhase);
      return { outcome, ...(modifier ? { modifier } : {}) };
    }
    const evidence = await move(this.#motion, intent, "present", onPhase);
    const outcome = judgeRelease(evidence);
    await this.#motion.ledger.finish(intent, outcome, { after: evidence.again, detail: evidence.detail });
    this.#motion.step("outcome");
    return { outcome };
  }

  #handoverOf(row: EffectRow): Handover {
    const live = this.#live.get(row.effect);
    if (live) return live;
    const done = row.state === "DONE";
    const phase = done ? "done" : row.state === "ISSUED" ? "issued" : "intent";
    return {
      effect: row.effect,
      slot: row.slot,
      phase,
      ...(done && row.outcome ? { outcome: row.outcome as NonNullable<Handover["outcome"]> } : {}),
      ...(done && row.modifier ? { modifier: row.modifier as Modifier } : {}),
    };
  }

  async #allowed(jws: string): Promise<Result<{ voucher: Voucher; way: Way }>> {
    const gate = this.#gate();
    if (!gate.ok) return gate;
    const voucher = this.#papers.voucher(jws);
    if (!voucher.ok) return voucher;
    const itemHash = itemHashOf(voucher.value.item);
    const used = await this.#motion.ledger.used(voucher.value.id, itemHash, voucher.value.seq);
    if (used) return err(vaultFault(used));
    const way = voucher.value.intake ? this.#wayIn() : await this.#wayOf(itemHash);
    if (!way.ok) return way;
    const { slot, magazine } = way.value;
    if (this.#running.has(slot) || (magazine && this.#running.has(magazine.dispenser)))
      return err(vaultFault("slotBusy", { slot }));
    const interlocks = await this.#interlocks.activeForPublic();
    if (interlocks.length > 0) return err(vaultFault("interlocked", { by: interlocks.join(",") }));
    return ok({ voucher: voucher.value, way: way.value });
  }

  /** Where an item lies, if it can be handed out now. */
  async #wayOf(itemHash: string): Promise<Result<Way>> {
    const { ledger, locks, dispensers } = this.#motion;
    const row = await ledger.slotOfItem(itemHash);
    if (!row) return err(vaultFault("notLoaded"));
    const { slot } = row;
    const magazine = row.magazine ? dispensers.magazine(row.magazine) : undefined;
    if (row.state === "unknown" || (!magazine && !locks.has(slot)))
      return err(vaultFault("slotUnknown", { slot }));
    if (row.state !== "loaded") return err(vaultFault("notLoaded"));
    if (!magazine) return ok({ slot });
    const { magazines } = await ledger.stock();
    const suspect = magazines.find((one) => one.magazine === magazine.slot)?.suspect;
    if (suspect || row.place === null)
      return err(vaultFault("magazineSuspect", { slot: magazine.slot, reason: suspect ?? "place" }));
    const first = await ledger.firstIn(magazine.slot);
    return first?.slot === slot ? ok({ slot, magazine }) : err(vaultFault("behindOthers", { slot }));
  }

  /** The dispenser that takes an old card in. */
  #wayIn(): Result<Way> {
    const { dispensers } = this.#motion;
    const magazine = dispensers
      .magazines()
      .find(({ dispenser }) => dispensers.capabilities(dispenser)?.accepts === true);
    return magazine ? ok({ slot: magazine.slot, magazine }) : err(vaultFault("notReady"));
  }
}
