import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { setLog } from "../../drivers/kit/index.ts";
import { linkSimulation } from "../simulate/engine/link.ts";
import { type Killed, killAll, kills } from "./devices/kill.ts";
import { type Cell, ROUNDS, round, stepsOf, tripleName } from "./devices/matrix.ts";
import { count, coverage, emptyTally, readTally, writeKilled, writeRecord } from "./devices/record.ts";
import type { Done, Plan } from "./devices/run.ts";
import { VICTIMS, type Victim } from "./devices/states.ts";
import type { play as Play } from "./devices/worker.ts";

/**
 * `RUNS=n SEED=s`: n runs of the matrix of devices, in rounds; whoever makes all of them tries each victim with each fault
 * at each step of each state. `RESUME=1` goes on behind what is recorded in docs/results/crash-devices and adds to it;
 * `PLAN='{…}'` plays one run, which is how a failure is told, and prints everything that happens. `KILLS=n` is the part with
 * real processes: n runs in which vault, core or both are ended by SIGKILL (with `RESUME=1` added to those that are recorded).
 */
const KEPT_KILLS = 100;
const seed = Number(process.env.SEED || 1);
if (process.env.KILLS) process.exit(await killSome(Number(process.env.KILLS)));

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
const tally = resume ? readTally(seed) : emptyTally(seed);
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
  judge({ plan, population }, done);
  if (performance.now() - saved > SAVE_MS) save();
}
let found = save();
// What depends on who is cut, or on the seed, may not have met anything yet.
if (tally.next >= (rounds[0]?.length ?? 0))
  for (const { state, step, fault } of found.missing)
    for (let i = 0; i < VICTIMS.length * TRIES && !met.has(tripleName({ state, step, fault })); i++) {
      const victim = VICTIMS[i % VICTIMS.length] as Victim;
      const plan = { ...state, step, fault, victim, seed: seed * 10_000_000 + 9_000_000 + tally.sought++ };
      judge({ plan, population: "matrix" }, await play(plan));
    }
found = save();
console.log(
  `covered: ${found.covered} of ${found.reachable} reachable state × step × fault (${((100 * found.covered) / found.reachable).toFixed(2)} %), ${found.unreachable.length} cannot be reached`,
);
console.log(`${last - first + tally.sought - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** Kills real processes, and answers the exit code. */
async function killSome(count: number): Promise<number> {
  setLog({ level: "error", sink: () => undefined });
  const all = kills(seed);
  // Spread over all of them.
  const list = all.filter(
    (_, i) => Math.floor((i * count) / all.length) !== Math.floor(((i - 1) * count) / all.length),
  );
  console.log(`crash-devices: seed ${seed}, ${list.length} of ${all.length} kills of real processes`);
  const done: Killed[] = [];
  await killAll(list, (killed) => {
    done.push(killed);
    for (const what of killed.wrong) console.error(`FAILED ${what}: ${JSON.stringify(killed.kill)}`);
  });
  const wrong = done.filter((one) => one.wrong.length > 0).length;
  const added = process.env.RESUME === "1";
  if (added || count >= KEPT_KILLS) writeKilled(done, added);
  console.log(`${done.length - wrong} passed, ${wrong} failed`);
  return wrong > 0 ? 1 : 0;
}

function judge(cell: Cell, done: Done): void {
  count(tally, met, cell, done);
  if (done.violations.length === 0) return;
  failed++;
  for (const what of done.violations) console.error(`FAILED ${what}`);
  console.error(`again: make crash-devices PLAN='${JSON.stringify(cell.plan)}'`);
}

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
