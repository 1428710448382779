import { faultsOf } from "./faults.ts";
import type { Done, Plan } from "./run.ts";
import { isDispenser, STATES, type State, stateName, VICTIMS, type Victim } from "./states.ts";

/** Steps of a state in the order in which they come when nothing goes wrong. */
export type Steps = ReadonlyMap<string, readonly string[]>;

/** What a run is counted under. */
export type Population = "matrix" | "cutAtStep" | "cutAtMoment" | "clean";
export interface Cell {
  plan: Plan;
  population: Population;
}

const CUTS = VICTIMS.filter((victim) => victim !== "nobody");
/** Of each round, for every state: cuts at some moment (for every victim), and runs in which nothing goes wrong. */
const MOMENTS = 48;
const CLEAN = 30;
/** After so many rounds every step has met every victim with every fault. */
export const ROUNDS = VICTIMS.length;

type Play = (plan: Plan) => Promise<Done>;

/** Finds the steps of every state by letting it run. */
export async function stepsOf(play: Play): Promise<{ steps: Steps; tookMs: ReadonlyMap<string, number> }> {
  const steps = new Map<string, readonly string[]>();
  const tookMs = new Map<string, number>();
  for (const state of STATES) {
    const done = await play({ ...state, victim: "nobody", fault: "none", seed: 1 });
    steps.set(stateName(state), done.steps);
    tookMs.set(stateName(state), done.tookMs);
  }
  return { steps, tookMs };
}

export interface Triple {
  state: State;
  step: string;
  fault: string;
}
export const tripleName = ({ state, step, fault }: Triple): string =>
  `${stateName(state)} | ${step} | ${fault}`;

/** Every step of every state with every fault of its device, and without one. */
export function triples(steps: Steps): Triple[] {
  return STATES.flatMap((state) =>
    (steps.get(stateName(state)) ?? []).flatMap((step) =>
      ["none", ...Object.keys(faultsOf(state.device))].map((fault) => ({ state, step, fault })),
    ),
  );
}

/**
 * The runs of one round, in order. From round to round each triple meets another victim, and whatever is left to chance
 * another seed.
 */
export function round(
  number: number,
  seed: number,
  { steps, tookMs }: { steps: Steps; tookMs: ReadonlyMap<string, number> },
): Cell[] {
  const cells: Cell[] = [];
  let next = seed * 10_000_000 + number * 1_000_000;
  const add = (population: Population, plan: Omit<Plan, "seed">) =>
    cells.push({ population, plan: { ...plan, seed: next++ } });
  triples(steps).forEach(({ state, step, fault }, index) => {
    const victim = VICTIMS[(index + number) % VICTIMS.length] as Victim;
    if (fault !== "none") add("matrix", { ...state, step, victim, fault });
    else for (const cut of CUTS) add("cutAtStep", { ...state, step, victim: cut, fault });
  });
  for (const state of STATES) {
    const whole = tookMs.get(stateName(state)) ?? 0;
    for (const victim of CUTS)
      for (let i = 0; i < MOMENTS; i++) {
        const atMs = (whole * (i + ((number * 7 + i * 3) % 10) / 10)) / MOMENTS;
        add("cutAtMoment", { ...state, atMs, victim, fault: "none" });
      }
    for (let i = 0; i < CLEAN; i++) add("clean", { ...state, victim: "nobody", fault: "none" });
  }
  return mixed(cells);
}

/** Another order that is always the same, so that a part of a round is a fair part of it. */
function mixed<T>(cells: readonly T[]): T[] {
  const stride = 7_919; // a prime that divides no round
  return cells.map((_, index) => cells[(index * stride) % cells.length] as T);
}

/** Why a fault has met nothing at a step, in any run; undefined when it should have. */
export function unreachable({ state, step, fault }: Triple, steps: readonly string[]): string | undefined {
  const turn = faultsOf(state.device)[fault]?.turn;
  if (!turn) return undefined;
  const last = steps.lastIndexOf(`${turn}-turned`);
  if (last < 0) return `there is no turn of the ${turn} in it`;
  return steps.indexOf(step) >= last ? `the ${turn} has turned for the last time` : undefined;
}

/** Steps that other states of the same kind of device have and this one has not, with the reason. */
export function missingSteps(steps: Steps): { state: State; step: string; reason: string }[] {
  return STATES.flatMap((state) => {
    const own = new Set(steps.get(stateName(state)));
    const all = new Set(
      STATES.filter(({ device }) => isDispenser(device) === isDispenser(state.device)).flatMap(
        (other) => steps.get(stateName(other)) ?? [],
      ),
    );
    return [...all]
      .filter((step) => !own.has(step))
      .map((step) => ({ state, step, reason: reasonOf(state, step) }));
  });
}

const REASONS: readonly [steps: RegExp, reason: string][] = [
  [/^(feed-|fed$)/, "nothing is fed"],
  [
    /^(before-present|present-|commit-present|at-gate|card-taken)/,
    "nothing is held at the gate, or nobody takes it",
  ],
  [/^(before-retract|retract-|commit-retract)/, "nothing is left that is captured"],
  [/^(entry-|accept-sent|card-in)/, "nothing is taken in"],
  [/identified$/, "no card comes to the reader, or it was read before"],
  [/^commit-begin$/, "no exchange is opened"],
  [/^outcome$/, "it ends with the write of its outcome"],
  [/^ask$/, "it was asked for before the vault was killed"],
  [/^not-opened$/, "its bolt opens"],
  [/^(latch-seen|commit-opened|opened)$/, "its bolt does not open"],
  [/^(door-opened|hand-in|door-closed)$/, "nobody opens the door"],
];

function reasonOf(state: State, step: string): string {
  const found = REASONS.find(([steps]) => steps.test(step));
  if (!found) throw new TypeError(`${stateName(state)} does not have the step ${step}, and nobody knows why`);
  return found[1];
}
