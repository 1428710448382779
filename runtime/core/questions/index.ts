import { type Clock, defineEvents, newId, parseJson } from "../../../drivers/kit/index.ts";
import {
  type Decision,
  DecisionSchema,
  newReplyKey,
  openSmall,
  PrefillSchema,
  type Probe,
  prefillBinding,
  probeBinding,
  type SealKey,
  sealSmall,
  up,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Link } from "../link/index.ts";

const log = defineEvents("question", {
  asked: { level: "info", what: "A question of identity went to the centre", fields: ["qid"] },
  answered: { level: "info", what: "The centre decided", fields: ["qid", "decision"] },
  late: {
    level: "warn",
    what: "The centre did not answer in time; the service's own answer holds",
    fields: ["qid"],
  },
  ignored: { level: "warn", what: "An answer was not taken", fields: ["reason"] },
});

export type QuestionAnswer =
  | { answer: "decision"; decision: Decision; jws: string; prefill: Record<string, string> }
  | { answer: "offline" };

/** Questions of identity: sealed up, decided and signed by the centre, within a deadline. */
export class Questions {
  readonly #link: Link;
  readonly #configuration: UnitConfiguration;
  readonly #clock: Clock;
  readonly #open = new Map<string, { key: SealKey; settle(answer: QuestionAnswer): void }>();

  constructor(options: { link: Link; configuration: UnitConfiguration; clock: Clock }) {
    this.#link = options.link;
    this.#configuration = options.configuration;
    this.#clock = options.clock;
    this.#link.receive("ask", (path, payload) => this.#receive(path, payload.toString("latin1")));
  }

  /** Asks, and answers `offline` when the deadline (ms) passes or the centre is away. Never rejects. */
  async ask(
    probe: Pick<Probe, "number" | "dateOfBirth" | "template" | "templateFormat">,
    deadlineMs: number,
  ): Promise<QuestionAnswer> {
    const { unit, centre } = this.#configuration;
    const [recipient] = centre.sealTo;
    if (!recipient || !this.#link.hostOnline) return { answer: "offline" };
    const qid = newId(this.#clock.wall());
    const key = newReplyKey();
    const timer = new AbortController();
    const offline: QuestionAnswer = { answer: "offline" };
    const answered = new Promise<QuestionAnswer>((resolve) => this.#open.set(qid, { key, settle: resolve }));
    const late = this.#clock.sleep(deadlineMs, timer.signal).then(() => offline);
    const unsent = async (): Promise<QuestionAnswer> => {
      const plain = Buffer.from(
        JSON.stringify({ v: 1, qid, unit, ...probe, replyKey: key.x } satisfies Probe),
      );
      const sealed = await sealSmall(recipient, plain, probeBinding(unit, qid)).finally(() => plain.fill(0));
      const expiryS = Math.ceil(deadlineMs / 1000);
      const sent = await this.#link.publish(up.ask(unit, qid), sealed, { expiryS });
      if (sent) log("asked", { qid });
      return sent ? new Promise<never>(() => undefined) : offline;
    };
    try {
      const answer = await Promise.race([answered, late, unsent().catch(() => offline)]);
      if (answer.answer === "offline") log("late", { qid });
      return answer;
    } finally {
      timer.abort();
      this.#open.delete(qid);
    }
  }

  async #receive([qid = ""]: string[], jws: string): Promise<void> {
    const open = this.#open.get(qid);
    if (!open) return;
    const { unit, centre } = this.#configuration;
    const decision = verifyJws("guichet.decision.v1", DecisionSchema, jws, centre.keys);
    if (!decision.ok) return log("ignored", { reason: decision.error.code });
    if (decision.value.unit !== unit || decision.value.qid !== qid)
      return log("ignored", { reason: "another's" });
    const prefill = await openPrefill(decision.value, open.key, unit);
    log("answered", { qid, decision: decision.value.decision });
    open.settle({ answer: "decision", decision: decision.value, jws, prefill });
  }
}

async function openPrefill(decision: Decision, key: SealKey, unit: string): Promise<Record<string, string>> {
  if (!decision.sealed) return {};
  const opened = await openSmall(key, decision.sealed, prefillBinding(unit, decision.qid));
  const prefill = opened.ok ? parseJson(PrefillSchema, opened.value.toString("utf8"), "prefill") : opened;
  if (prefill.ok) return prefill.value.fields;
  log("ignored", { reason: prefill.error.code });
  return {};
}
