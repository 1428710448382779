import { cancelChecks, motionCancels } from "./cancel.ts";
import { type Case, casesFor, type Depth, type Expectation, QUICK, type Recording } from "./cases.ts";
import type { FaultName, Trial } from "./entry.ts";
import { judgeMotions, judgeRest, judgeRun } from "./judge.ts";
import { makeRig, type Rig, type RunOptions, type Subject } from "./rig.ts";

/** Something that a driver did and may not. */
export interface Finding {
  trial: string;
  fault: FaultName | "none";
  where: string;
  said: string;
}

export interface Report {
  driver: string;
  class: string;
  verbs: { name: string; kind: string }[];
  grade: string;
  evidence: string[];
  /** Cases tried by fault. */
  tried: Record<string, number>;
  exempt: Partial<Record<FaultName, string>>;
  cases: number;
  findings: Finding[];
}

/** How long a device may take to be ready: at first, after a fault, after it was plugged in again, ms. */
const OPEN_MS = 30_000;
const HEAL_MS = 60_000;
const REPLUG_MS = 5_000;
const ABSENT_MS = 1_000;

/** What a program cannot do to real hardware. */
const NEEDS_BENCH = new Set<FaultName>(["resetMidCommand", "unplugBefore", "unplugMidCommand"]);
/** How long it is listened after a capture, ms. */
const AFTER_MS = 300;
/** How often a verb is tried on a lying sensor: what is stuck is found by being the same each time. */
const SENSOR_TRIES = 5;

type AnyTrial = Trial<unknown, unknown>;

/** Runs everything on one driver and its simulator. Same seed, same report. */
export async function conform(
  subject: Subject,
  options: { seed?: number; depth?: Depth } = {},
): Promise<Report> {
  const suite = new Suite(subject, options.seed ?? 1, options.depth ?? QUICK);
  return suite.run();
}

export class Suite {
  readonly subject: Subject;
  readonly #seed: number;
  readonly #depth: Depth;
  readonly #report: Report;

  constructor(subject: Subject, seed: number, depth: Depth) {
    this.subject = subject;
    this.#seed = seed;
    this.#depth = depth;
    const { entry, name } = subject;
    this.#report = {
      driver: name,
      class: name.split(".")[0] ?? "",
      verbs: Object.entries(entry.trials).map(([verb, { kind }]) => ({ name: verb, kind })),
      grade: "",
      evidence: [...(entry.evidence ?? [])],
      tried: {},
      exempt: entry.exempt ?? {},
      cases: 0,
      findings: [],
    };
  }

  async run(): Promise<Report> {
    if (!(await this.#opens())) return this.#report;
    const { real } = this.subject;
    for (const [name, trial] of Object.entries(this.subject.entry.trials)) {
      if (real && (trial.simulated || (trial.kind === "actuate" && !real.moves))) continue;
      const seen = await this.#clean(name, trial);
      if (!seen) continue;
      const cases = casesFor(this.subject.entry, seen, this.#depth);
      for (const one of cases.filter(({ fault }) => !real || !NEEDS_BENCH.has(fault)))
        await this.#faulty(name, trial, one);
      if (trial.kind === "actuate") {
        await this.#forgeries(name, trial);
        if (!real) await motionCancels(this, name, trial);
      }
      if (trial.kind === "capture") await cancelChecks(this, name, trial);
      if (!real) await this.#sensorFaults(name, trial);
    }
    await this.#testsItself();
    if (real) return this.#report;
    await this.#opensUnderFaults();
    await this.#plugs();
    return this.#report;
  }

  /** One case on a rig of its own: everything that `job` says is a finding. */
  async case(
    trial: string,
    fault: Finding["fault"],
    where: string,
    job: (rig: Rig) => Promise<string[]>,
    before?: (rig: Rig) => void,
  ): Promise<void> {
    this.#report.cases++;
    if (fault !== "none") this.#report.tried[fault] = (this.#report.tried[fault] ?? 0) + 1;
    const rig = await makeRig(this.subject, this.#seed, before);
    const wrong: string[] = [];
    try {
      wrong.push(...(await job(rig)), ...judgeMotions(this.subject.entry, rig));
    } catch (error) {
      wrong.push(`ended the suite: ${error instanceof Error ? error.message : "no error"}`);
    }
    await rig.stop();
    wrong.push(...judgeRest(this.subject.entry, rig).map((text) => `${text}, after it was closed`));
    for (const said of new Set(wrong)) this.#report.findings.push({ trial, fault, where, said });
  }

  /** Runs a verb and says what is wrong with what it did. */
  async attempt(rig: Rig, trial: AnyTrial, expect: Expectation, options: RunOptions = {}): Promise<string[]> {
    const run = await rig.run(trial, options);
    // Whoever is told something after the end of a capture takes it for the next person's.
    if (trial.kind === "capture") await rig.clock.sleep(AFTER_MS);
    return judgeRun(trial, run, rig.sim, expect, rig.limitOf(trial, options));
  }

  /** After a fault the device must come back by itself, and do the same again, truthfully, in another situation. */
  async heals(rig: Rig, trial: AnyTrial, after: number): Promise<string[]> {
    if (!(await rig.ready(HEAL_MS))) return ["did not come back to ready after the fault had gone"];
    await this.arrange(rig, trial, after);
    const wrong = await this.attempt(rig, trial, "succeeds");
    return wrong.map((text) => `afterwards, with the fault gone: ${text}`);
  }

  async arrange(rig: Rig, trial: AnyTrial, index: number): Promise<void> {
    const all = Object.entries(trial.situations ?? {});
    const one = all[index % Math.max(1, all.length)];
    if (one) await rig.arrange(...one);
  }

  async #opens(): Promise<boolean> {
    await this.case("(open)", "none", "clean", async (rig) => {
      if (!(await rig.ready(OPEN_MS))) return ["never became ready"];
      const { capabilities = {} } = rig.host.status();
      this.#report.grade = typeof capabilities.grade === "string" ? capabilities.grade : "";
      const wrong = judgeRest(this.subject.entry, rig);
      if (Array.isArray(capabilities.evidence)) {
        const claimed = capabilities.evidence.map(String).sort().join(", ");
        const stated = [...(this.subject.entry.evidence ?? [])].sort().join(", ");
        if (claimed !== stated) wrong.push(`claims the evidence ${claimed}; its entry says ${stated}`);
      }
      return wrong;
    });
    return this.#report.findings.length === 0;
  }

  /** Every situation without a fault; answers what was seen on the wire in the first. */
  async #clean(name: string, trial: AnyTrial): Promise<Recording | undefined> {
    let seen: Recording | undefined;
    const before = this.#report.findings.length;
    const situations = Object.keys(trial.situations ?? { "": 0 });
    for (const [index, situation] of situations.entries()) {
      await this.case(name, "none", situation, async (rig) => {
        await rig.ready(OPEN_MS);
        await this.arrange(rig, trial, index);
        rig.listen();
        const wrong = await this.attempt(rig, trial, "succeeds");
        seen ??= rig.recording();
        return [...wrong, ...(await this.heals(rig, trial, index + 1))];
      });
    }
    return this.#report.findings.length === before ? seen : undefined;
  }

  async #faulty(name: string, trial: AnyTrial, one: Case): Promise<void> {
    await this.case(name, one.fault, one.where, async (rig) => {
      await rig.ready(OPEN_MS);
      await this.arrange(rig, trial, 0);
      one.arm(rig);
      const wrong = await this.attempt(rig, trial, one.expect);
      if (rig.disarm() === 0 && one.expect !== "succeeds" && !this.subject.real)
        wrong.push("the fault was never met: the driver is not the same each time");
      if (!rig.plugged) {
        if (
          !(await rig.until(() => rig.host.lifecycle !== "ready" && rig.host.lifecycle !== "busy", ABSENT_MS))
        )
          wrong.push("is still called ready 1 s after it was unplugged");
        rig.replug();
        if (!(await rig.ready(REPLUG_MS))) wrong.push("was not ready 5 s after it was plugged in again");
      }
      return [...wrong, ...(await this.heals(rig, trial, 1))];
    });
  }

  /** A fault in each exchange of opening: it may fail, it may not be wrong afterwards. */
  async #opensUnderFaults(): Promise<void> {
    const first = Object.entries(this.subject.entry.trials)[0];
    if (!first) return;
    let seen: Recording | undefined;
    await this.case("(open)", "none", "recorded", async (rig) => {
      await rig.ready(OPEN_MS);
      seen = rig.recording();
      return [];
    });
    if (!seen) return;
    for (const one of casesFor(this.subject.entry, seen, this.#depth)) {
      await this.case(
        "(open)",
        one.fault,
        one.where,
        async (rig) => {
          await rig.until(() => rig.host.lifecycle === "ready" || !rig.plugged, 3_000);
          rig.disarm();
          if (!rig.plugged) rig.replug();
          const wrong: string[] = [];
          const situations = Math.max(1, Object.keys(first[1].situations ?? {}).length);
          for (let i = 0; i < situations && wrong.length === 0; i++)
            wrong.push(...(await this.heals(rig, first[1], i)));
          return wrong;
        },
        (rig) => one.arm(rig),
      );
    }
  }

  async #forgeries(name: string, trial: AnyTrial): Promise<void> {
    for (const forge of ["unknown", "used", "otherDevice"] as const) {
      await this.case(name, "none", `a permission that is ${forge}`, async (rig) => {
        await rig.ready(OPEN_MS);
        await this.arrange(rig, trial, 0);
        const run = await rig.run(trial, { forge });
        const wrong = run.result.ok ? ["moved, or said so, without a good permission"] : [];
        return [...wrong, ...judgeRest(this.subject.entry, rig)];
      });
    }
  }

  async #sensorFaults(name: string, trial: AnyTrial): Promise<void> {
    if (this.subject.entry.exempt?.stuckSensor) return;
    for (const [what, happens] of Object.entries(this.subject.entry.sensorFaults ?? {})) {
      await this.case(name, "stuckSensor", what, async (rig) => {
        await rig.ready(OPEN_MS);
        await this.arrange(rig, trial, 0);
        happens(rig.sim);
        const wrong: string[] = [];
        for (let i = 0; i < SENSOR_TRIES; i++) {
          wrong.push(...(await this.attempt(rig, trial, "honest")));
          await rig.ready(HEAL_MS);
        }
        return wrong;
      });
    }
  }

  /** A device that works says so of itself, and does what moves something or asks somebody in maintenance only. */
  async #testsItself(): Promise<void> {
    await this.case("(self-test)", "none", "internal", async ({ host, ready }) => {
      await ready(OPEN_MS);
      const wrong: string[] = [];
      const tested = await host.selfTest("internal");
      if (!tested.ok) wrong.push(`could not be done: ${tested.error.code}`);
      else if (!tested.value.passed)
        wrong.push(`found ${tested.value.findings.filter(({ passed }) => !passed).map(({ name }) => name)}`);
      if (tested.ok && host.status().health?.selfTests.internal?.at !== tested.value.at)
        wrong.push("was not kept");
      for (const level of ["external", "interactive"] as const) {
        const refused = await host.selfTest(level);
        if (refused.ok || refused.error.code !== "device.notReady")
          wrong.push(`an ${level} one was taken without maintenance`);
      }
      return wrong;
    });
  }

  /** The cable is pulled while nothing is asked, and the host stops while something may be. */
  async #plugs(): Promise<void> {
    const first = Object.entries(this.subject.entry.trials)[0];
    if (!first || this.subject.entry.exempt?.unplugBefore) return;
    const [name, trial] = first;
    await this.case(name, "unplugBefore", "while idle", async (rig) => {
      await rig.ready(OPEN_MS);
      await this.arrange(rig, trial, 0);
      rig.unplug();
      const wrong = await this.attempt(rig, trial, "fails");
      if (
        !(await rig.until(() => rig.host.lifecycle !== "ready" && rig.host.lifecycle !== "busy", ABSENT_MS))
      )
        wrong.push("is still called ready 1 s after it was unplugged and asked");
      rig.replug();
      if (!(await rig.ready(REPLUG_MS))) wrong.push("was not ready 5 s after it was plugged in again");
      return [...wrong, ...(await this.heals(rig, trial, 1))];
    });
  }
}
