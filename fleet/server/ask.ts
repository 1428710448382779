import {
  type Fault,
  isFault,
  parseJson,
  type Result,
  sha256Hex,
  unb64u,
  within,
} from "../../drivers/kit/index.ts";
import {
  type Decision,
  dn,
  openSmall,
  type Prefill,
  type Probe,
  ProbeSchema,
  prefillBinding,
  probeBinding,
  sealSmall,
  signJws,
} from "../contract/index.ts";
import { type Context, seconds } from "./context.ts";
import { type EligibilityRules, eligibleServices } from "./eligibility.ts";
import { centreFault, log } from "./faults.ts";
import type { Matcher, Person, Register } from "./register.ts";
import type { Units } from "./units.ts";

export interface AskOptions {
  register: Register;
  matcher: Matcher;
  rules: EligibilityRules;
  /** Lowest score, 0 to 100, that counts as the same finger. */
  threshold: number;
}

/** The messages of every unit wait behind a question; without the register the unit goes on as without the centre. */
const REGISTER_MS = 5_000;

/** A decision holds for one visit, s. */
const DECISION_LIFE_S = 1_800;

type Verdict = Pick<Decision, "decision" | "eligible"> & { reason?: string; person?: Person };

/** Questions of identity: opens the probe, asks register and matcher, answers with a signed decision. */
export class Questions {
  readonly #context: Context;
  readonly #units: Units;
  readonly #options: AskOptions;

  constructor(context: Context, units: Units, options: AskOptions) {
    this.#context = context;
    this.#units = units;
    this.#options = options;
  }

  /** Answers one question. The same question again gets the same answer; one that does not open gets none. */
  async answer(unit: string, qid: string, payload: Uint8Array): Promise<void> {
    const { db, clock, keys } = this.#context;
    const services = await this.#units.services(unit);
    if (!services) return log("ignored", { unit, kind: "question", reason: "unit unknown" });
    const probeHash = sha256Hex(payload);
    const known = await db.tx(async (tx) => {
      await tx.run("DELETE FROM answers WHERE exp < ?", seconds(clock));
      return tx.get<{ jws: string; probeHash: string }>(
        "SELECT jws, probeHash FROM answers WHERE unit = ? AND qid = ?",
        unit,
        qid,
      );
    });
    if (known) {
      if (known.probeHash !== probeHash)
        return log("ignored", { unit, kind: "question", reason: "qid used again" });
      await this.#context.publish(dn.answer(unit, qid), known.jws, { expiryS: 120 });
      return;
    }
    const probe = await this.#open(unit, qid, payload);
    if (!probe.ok) return log("ignored", { unit, kind: "question", reason: probe.error.code });
    const verdict = await this.#judge(probe.value, services).catch((error: unknown) => {
      if (isFault(error, "centre.registerAway")) return undefined;
      throw error;
    });
    if (!verdict) return log("registerAway", { unit, qid });
    const now = seconds(clock);
    const decision: Decision = {
      v: 1,
      qid,
      unit,
      decision: verdict.decision,
      eligible: verdict.eligible,
      iat: now,
      exp: now + DECISION_LIFE_S,
    };
    if (verdict.reason) decision.reason = verdict.reason;
    if (verdict.person) {
      const prefill: Prefill = { v: 1, fields: prefillOf(verdict.person) };
      decision.sealed = await sealSmall(
        { kid: "reply", x: probe.value.replyKey },
        Buffer.from(JSON.stringify(prefill)),
        prefillBinding(unit, qid),
      );
    }
    const jws = signJws("guichet.decision.v1", decision, keys.sign.decision);
    await db.tx((tx) =>
      tx.run(
        "INSERT INTO answers (unit, qid, probeHash, jws, exp) VALUES (?, ?, ?, ?, ?)",
        unit,
        qid,
        probeHash,
        jws,
        decision.exp,
      ),
    );
    await this.#context.publish(dn.answer(unit, qid), jws, { expiryS: 120 });
    log("answered", { unit, qid, decision: verdict.decision });
  }

  async #open(unit: string, qid: string, payload: Uint8Array): Promise<Result<Probe, Fault>> {
    const [seal, ...former] = this.#context.keys.seal;
    const sealed = Buffer.from(payload).toString("latin1");
    let opened = await openSmall(seal, sealed, probeBinding(unit, qid));
    // A probe does not name its key.
    for (const key of former) if (!opened.ok) opened = await openSmall(key, sealed, probeBinding(unit, qid));
    if (!opened.ok) return opened;
    return parseJson(ProbeSchema, Buffer.from(opened.value).toString("utf8"), "probe");
  }

  /**
   * An unknown number and a wrong date of birth get the same answer, so that the screen tells nobody which numbers
   * exist. Only who knows both learns that the finger was another.
   */
  async #judge(probe: Probe, services: readonly string[]): Promise<Verdict> {
    const person = await within(
      this.#context.clock,
      REGISTER_MS,
      this.#options.register.find(probe.number),
      () => centreFault("registerAway"),
    );
    if (!person || person.dateOfBirth !== probe.dateOfBirth)
      return { decision: "unknownPerson", reason: "notMatched", eligible: [] };
    const given = unb64u(probe.template);
    const best = Object.values(person.templates)
      .filter(({ format }) => format === probe.templateFormat)
      .map(({ format, data }) => this.#options.matcher.score(format, given, Buffer.from(data, "base64")) ?? 0)
      .reduce((a, b) => Math.max(a, b), 0);
    if (best < this.#options.threshold) return { decision: "refused", reason: "finger", eligible: [] };
    const eligible = await eligibleServices(
      person,
      services,
      this.#options.rules,
      this.#context.clock.wall(),
    );
    if (eligible.length === 0) return { decision: "notEligible", reason: "rules", eligible };
    return { decision: "accepted", eligible, person };
  }
}

/** What a form may be filled with; the names are those of the forms in `flows/services`. */
function prefillOf(person: Person): Record<string, string> {
  const [surname = "", givenNames = ""] = person.nameEn.split(/,\s*/, 2);
  return {
    number: person.number,
    dateOfBirth: person.dateOfBirth,
    nameEn: person.nameEn,
    surname,
    givenNames,
    nameZh: person.nameZh,
    sex: person.sex,
  };
}
