import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ResultRow, writeResult } from "../../../tools/results.ts";
import type { Killed } from "./kill.ts";
import {
  type Cell,
  missingSteps,
  type Population,
  type Steps,
  type Triple,
  tripleName,
  triples,
  unreachable,
} from "./matrix.ts";
import type { Done, Plan } from "./run.ts";
import { cleanEnd, DEVICES, type DeviceName, isDispenser, stateName, VICTIMS } from "./states.ts";

const FOLDER = "docs/results/crash-devices";
const FILE = join(FOLDER, "runs.json");
const KILLED = join(FOLDER, "killed.json");

export interface Share {
  runs: number;
  unknown: number;
}

/** What all runs so far have come to. */
export interface Tally {
  seed: number;
  /** Runs of the rounds that are done. */
  next: number;
  /** Further runs, for triples that had met nothing yet. */
  sought: number;
  /** Runs in which motions, outcome, counts, answers or vouchers were wrong. */
  wrong: { plan: Plan; violations: string[] }[];
  /** `population device job`, and how many ended unknown; `late` are those whose cut came after their end. */
  ends: Record<string, Share>;
  /** Of runs with one cut and no fault: `device job step victim` of those that ended unknown. */
  unknownAt: Record<string, number>;
  cleanAsMeant: number;
  cleanOtherwise: Record<string, number>;
  /** Triples that were tried and have met nothing yet. */
  unmet: string[];
  victims: Record<string, number>;
}

export const emptyTally = (seed: number): Tally => ({
  seed,
  next: 0,
  sought: 0,
  wrong: [],
  ends: {},
  unknownAt: {},
  cleanAsMeant: 0,
  cleanOtherwise: {},
  unmet: [],
  victims: {},
});

export function readTally(seed: number): Tally {
  try {
    return JSON.parse(readFileSync(FILE, "utf8")) as Tally;
  } catch {
    return emptyTally(seed);
  }
}

/** Runs with real processes and SIGKILL. */
interface KilledTally {
  runs: number;
  reached: number;
  unknown: number;
  wrong: Killed[];
  byVictim: Record<string, number>;
}

/** Keeps what real kills have come to, beside the runs in virtual time. @param added to what is kept already */
export function writeKilled(done: readonly Killed[], added: boolean): void {
  const tally = (added ? readKilled() : undefined) ?? {
    runs: 0,
    reached: 0,
    unknown: 0,
    wrong: [],
    byVictim: {},
  };
  for (const killed of done) {
    const { whom } = killed.kill;
    tally.runs++;
    if (killed.reached) tally.reached++;
    if (killed.outcome === "unknown") tally.unknown++;
    if (killed.wrong.length > 0) tally.wrong.push(killed);
    tally.byVictim[whom] = (tally.byVictim[whom] ?? 0) + 1;
  }
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(KILLED, `${JSON.stringify(tally, null, 1)}\n`);
}

function readKilled(): KilledTally | undefined {
  try {
    return JSON.parse(readFileSync(KILLED, "utf8")) as KilledTally;
  } catch {
    return undefined;
  }
}

/** Counts one run; `met` are the triples that have met something. */
export function count(tally: Tally, met: Set<string>, { plan, population }: Cell, done: Done): void {
  if (done.violations.length > 0) tally.wrong.push({ plan, violations: done.violations });
  // A cut that came after the end was none.
  const counted = population === "clean" || done.reached ? population : "late";
  const key = `${counted} ${stateName(plan)}`;
  tally.ends[key] ??= { runs: 0, unknown: 0 };
  const share = tally.ends[key];
  share.runs++;
  tally.victims[plan.victim] = (tally.victims[plan.victim] ?? 0) + 1;
  const unknown = done.outcome?.startsWith("unknown") === true;
  if (unknown) share.unknown++;
  if (unknown && (counted === "cutAtStep" || counted === "cutAtMoment")) {
    const at = `${stateName(plan)} | ${plan.step ?? "some moment"} | ${plan.victim}`;
    tally.unknownAt[at] = (tally.unknownAt[at] ?? 0) + 1;
  }
  if (population === "clean") {
    if (done.outcome === cleanEnd(plan)) tally.cleanAsMeant++;
    else {
      const other = `${stateName(plan)}: ${done.outcome}`;
      tally.cleanOtherwise[other] = (tally.cleanOtherwise[other] ?? 0) + 1;
    }
  }
  if (plan.step === undefined) return;
  const triple = tripleName({ state: plan, step: plan.step, fault: plan.fault });
  if (done.reached && done.met) met.add(triple);
}

export interface Coverage {
  reachable: number;
  covered: number;
  unreachable: { triple: Triple; reason: string }[];
  missing: Triple[];
}

export function coverage(met: ReadonlySet<string>, steps: Steps): Coverage {
  const found: Coverage = { reachable: 0, covered: 0, unreachable: [], missing: [] };
  for (const triple of triples(steps)) {
    const seen = met.has(tripleName(triple));
    const reason = seen ? undefined : unreachable(triple, steps.get(stateName(triple.state)) ?? []);
    if (reason) {
      found.unreachable.push({ triple, reason });
      continue;
    }
    found.reachable++;
    if (seen) found.covered++;
    else found.missing.push(triple);
  }
  return found;
}

const percent = (part: number, whole: number, digits = 2): string =>
  whole === 0 ? "–" : `${((100 * part) / whole).toFixed(digits)} %`;

const HANDOVERS = ["take", "leave", "nobody"];

/** Runs of locks with one cut and nothing else wrong. A bolt that jams is something else. Of dispensers: every job. */
function oneCut(
  tally: Tally,
  devices: readonly DeviceName[],
  populations: readonly Population[],
  jobs: readonly string[] = HANDOVERS,
): Share {
  const sum: Share = { runs: 0, unknown: 0 };
  for (const [key, { runs, unknown }] of Object.entries(tally.ends)) {
    const [population, device, job = ""] = key.split(" ") as [Population, DeviceName, string];
    if (!populations.includes(population) || !devices.includes(device)) continue;
    if (!isDispenser(device) && !jobs.includes(job)) continue;
    sum.runs += runs;
    sum.unknown += unknown;
  }
  return sum;
}

/** What a unit meets is a cut at any moment; the matrix makes one at each step equally often, however short it is. */
const LOCK_SHARES: readonly [what: string, devices: DeviceName[], jobs: string[]][] = [
  ["hand-over from a lock board with item sensors", ["kerong"], HANDOVERS],
  ["hand-over from locks on GPIO lines", ["gpio"], HANDOVERS],
  ["hand-over from a lock board that senses latches only", ["plain"], HANDOVERS],
  ["staff loading or emptying, with item sensors", ["kerong", "gpio"], ["load", "unload"]],
  ["staff loading, latches only", ["plain"], ["load"]],
  [
    "staff emptying, latches only (called empty by nobody who has not watched, or it would be loaded again)",
    ["plain"],
    ["unload"],
  ],
];

/** Writes the runs, the entry of docs/results, and the lists beside it. */
export function writeRecord(tally: Tally, steps: Steps, found: Coverage): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(tally, null, 1)}\n`);
  writeFileSync(join(FOLDER, "README.md"), lists(tally, steps, found));
  writeResult("crash-devices", "make crash-devices RUNS=n SEED=s (RESUME=1)", rows(tally, found), tally.seed);
}

function rows(tally: Tally, found: Coverage): ResultRow[] {
  const row = (
    name: string,
    value: string | number,
    unit: string,
    goal?: string,
    met?: boolean,
  ): ResultRow => ({
    name,
    value,
    unit,
    ...(goal === undefined ? {} : { goal, met: met ?? false }),
  });
  const share = (name: string, { runs, unknown }: Share, goal?: number): ResultRow => {
    const value = `${percent(unknown, runs)} (${unknown} of ${runs})`;
    return row(
      name,
      value,
      "unknown",
      goal === undefined ? undefined : `<= ${goal} %`,
      unknown <= (runs * (goal ?? 0)) / 100,
    );
  };
  const clean = tally.cleanAsMeant + Object.values(tally.cleanOtherwise).reduce((a, b) => a + b, 0);
  const killed = readKilled();
  const all = tally.next + tally.sought;
  return [
    row("runs in virtual time", all, "runs", ">= 10,000", all >= 10_000),
    row(
      "with a motion too many, a false outcome, counts that do not balance, another answer, a voucher used twice",
      tally.wrong.length,
      "runs",
      "0",
      tally.wrong.length === 0,
    ),
    row(
      "state × step × fault, of those that can be reached",
      `${percent(found.covered, found.reachable)} (${found.covered} of ${found.reachable})`,
      "triples",
      "100 %",
      found.covered === found.reachable,
    ),
    row(
      "state × step × fault that cannot be reached (reasons in crash-devices/README.md)",
      found.unreachable.length,
      "triples",
    ),
    share(
      "one cut, dispensers (they can be asked)",
      oneCut(tally, ["m001", "r02"], ["cutAtStep", "cutAtMoment"]),
      0.1,
    ),
    ...(["cutAtMoment", "cutAtStep"] as const).flatMap((population) =>
      LOCK_SHARES.map(([what, devices, jobs]) =>
        share(
          `one cut at ${population === "cutAtStep" ? "a step" : "any moment"}, ${what}`,
          oneCut(tally, devices, [population], jobs),
          2,
        ),
      ),
    ),
    row(
      "clean runs that ended as meant",
      `${percent(tally.cleanAsMeant, clean)} (${tally.cleanAsMeant} of ${clean})`,
      "runs",
      ">= 99.9 %",
      tally.cleanAsMeant >= clean * 0.999,
    ),
    ...(killed
      ? [
          row("real processes killed by SIGKILL, over real lines", killed.runs, "runs"),
          row("of these with anything wrong", killed.wrong.length, "runs", "0", killed.wrong.length === 0),
          row("of these ended unknown", killed.unknown, "runs"),
          row("of these killed at their step (others ended before it)", killed.reached, "runs"),
        ]
      : []),
  ];
}

function lists(tally: Tally, steps: Steps, found: Coverage): string {
  const states = [...steps]
    .map(([state, own]) => `| ${state} | ${own.length} | ${own.join(", ")} |\n`)
    .join("");
  const without = grouped(
    missingSteps(steps).map(({ state, step, reason }) => [
      `${state.device}: ${reason}`,
      `${state.job} ${step}`,
    ]),
  );
  const faults = grouped(
    found.unreachable.map(({ triple, reason }) => [
      `${triple.state.device} ${triple.state.job}, ${triple.fault}: ${reason}`,
      triple.step,
    ]),
  );
  const unknown = Object.entries(tally.unknownAt)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([at, n]) => `| ${at} | ${n} |\n`)
    .join("");
  const ends = Object.entries(tally.ends)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, { runs, unknown: n }]) => `| ${key} | ${runs} | ${n} | ${percent(n, runs)} |\n`)
    .join("");
  return `# Devices cut at every step

Written by \`make crash-devices\`. Devices: ${DEVICES.join(", ")} (\`plain\` senses latches only). Cut are: ${VICTIMS.slice(1).join(", ")}; \`both\` is core and vault, \`all\` these and the device.

## States and their steps

| state | | steps in order |
|---|--:|---|
${states}
## Steps that a state does not have

${without}
## Faults that a step cannot meet

A fault of a motor or coil that is made after its last turn meets nothing, whoever is cut.

${faults}
## Runs and how many ended \`unknown\`

| | runs | unknown | share |
|---|--:|--:|--:|
${ends}
## One cut and nothing else: where \`unknown\` came from

A cut at each step equally often is what the matrix does, also where a step lasts a millisecond; a cut at any moment of the
whole, the person's time with it, is what a unit meets. A board that senses latches only cannot say, once its vault or itself
was away between ISSUED and the latch seen open, whether a door that is locked was opened and closed meanwhile: that is
\`unknown\`. So is an emptying of such a slot, which would be loaded again if it were called empty
(docs/decisions/after-a-cut.md). A bolt that jams is a fault of its own, and its runs (\`jammed\`) are not counted as runs with
one cut.

| state, step, what was cut | runs |
|---|--:|
${unknown}`;
}

function grouped(pairs: [string, string][]): string {
  const groups = new Map<string, string[]>();
  for (const [group, one] of pairs) groups.set(group, [...(groups.get(group) ?? []), one]);
  return [...groups].map(([group, list]) => `- ${group}: ${list.join(", ")}\n`).join("");
}
