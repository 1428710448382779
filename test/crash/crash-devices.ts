import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { linkSimulation } from "../simulate/engine/link.ts";
import { type Cell, ROUNDS, round, stepsOf, tripleName } from "./devices/matrix.ts";
import { count, coverage, emptyTally, readTally, writeRecord } from "./devices/record.ts";
import type { Plan } from "./devices/run.ts";
import type { play as Play } from "./devices/worker.ts";

/**
 * `RUNS=n SEED=s`: n runs of the matrix of devices, in rounds; whoever makes all of them tries each victim with each fault
 * at each step of each state. `RESUME=1` goes on behind what is recorded in docs/results/crash-devices and adds to it;
 * `PLAN='{…}'` plays one run, which is how a failure is told, and prints everything that happens.
 */
const RECORD_FROM = 10_000;
const SAVE_MS = 60_000;
const TRIES = 5;

mkdirSync("dist", { recursive: true });
const bundle = resolve(`dist/crash-devices-${process.pid}.mjs`);
await linkSimulation(bundle, [], "test/crash/devices/worker.ts");
const { play } = (await import(pathToFileURL(bundle).href)) as { play: typeof Play };
rmSync(bundle);

if (process.env.PLAN) {
  const done = await play(JSON.parse(process.env.PLAN) as Plan, console.log);
  console.log(done);
  process.exit(done.violations.length > 0 ? 1 : 0);
}

const resume = process.env.RESUME === "1";
const tally = resume ? readTally(Number(process.env.SEED || 1)) : emptyTally(Number(process.env.SEED || 1));
const runs = Number(process.env.RUNS || 10_000);
const keeps = resume || runs >= RECORD_FROM;
const known = await stepsOf(play);
const rounds = Array.from({ length: ROUNDS }, (_, number) => round(number, tally.seed, known));
const cells: Cell[] = rounds.flat();
const first = tally.next;
const met = triplesOf(cells.slice(0, first));
for (const triple of tally.unmet) met.delete(triple);
const last = Math.min(first + runs, cells.length);
console.log(`crash-devices: seed ${tally.seed}, runs ${first + 1} to ${last} of ${cells.length}`);

const started = performance.now();
let saved = started;
let failed = 0;
for (; tally.next < last && failed < 20; tally.next++) {
  const { plan, population } = cells[tally.next] as Cell;
  let done = await play(plan);
  // Whether some steps come before others is left to chance.
  for (let i = 1; i < TRIES && !done.reached && plan.step !== undefined && done.violations.length === 0; i++)
    done = await play({ ...plan, seed: plan.seed + i * 1_000_000_007 });
  count(tally, met, { plan, population }, done);
  if (done.violations.length > 0) {
    failed++;
    for (const what of done.violations) console.error(`FAILED ${what}`);
    console.error(`again: make crash-devices PLAN='${JSON.stringify(plan)}'`);
  }
  if (performance.now() - saved > SAVE_MS) save();
}
const found = save();
console.log(
  `covered: ${found.covered} of ${found.reachable} reachable state × step × fault (${((100 * found.covered) / found.reachable).toFixed(2)} %), ${found.unreachable.length} cannot be reached`,
);
console.log(`${last - first - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function triplesOf(tried: readonly Cell[]): Set<string> {
  return new Set(
    tried.flatMap(({ plan }) =>
      plan.step === undefined ? [] : [tripleName({ state: plan, step: plan.step, fault: plan.fault })],
    ),
  );
}

function save() {
  tally.unmet = [...triplesOf(cells.slice(0, tally.next))].filter((triple) => !met.has(triple)).sort();
  const about = coverage(met, known.steps);
  if (keeps) writeRecord(tally, known.steps, about);
  saved = performance.now();
  const rate = (tally.next - first) / ((saved - started) / 1000);
  console.log(`${tally.next} runs, ${rate.toFixed(0)} a second, ${failed} failed`);
  return about;
}
