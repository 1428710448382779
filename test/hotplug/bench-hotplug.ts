import { setLog } from "../../drivers/kit/index.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { hotplugRig, SERIAL } from "./rig.ts";
import { ABSENT_MS, BACK_MS, type Trial, trial } from "./trial.ts";

/**
 * `make bench-hotplug RUNS=n SEED=s`: the cables of the real senses and vault pulled in the middle of frames, n times in turn,
 * and put back under other names. Every limit is of every run.
 */
const RUNS = Number(process.env.RUNS || 40);
const SEED = Number(process.env.SEED || 1);

/** Seeded, so that a run can be had again (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

setLog({ level: "error" });
console.log(`seed ${SEED}`);
const random = randomOf(SEED);
const trials: Trial[] = [];
let failed = 0;
const rig = await hotplugRig();
try {
  for (let index = 0; index < RUNS; index++) {
    const one = await trial(rig, index, random);
    trials.push(one);
    const { role, cut, absentMs, answeredMs = 0, backMs, wrong } = one;
    const late = absentMs > ABSENT_MS || answeredMs > ABSENT_MS || backMs > BACK_MS;
    if (late || wrong.length > 0) failed++;
    console.log(
      `${index + 1} ${role}, ${cut}: absent ${absentMs.toFixed(0)} ms, back ${backMs.toFixed(0)} ms ${wrong.join("; ")}`,
    );
  }
} finally {
  await rig.stop();
}

const rows: ResultRow[] = [];
const row = (name: string, values: number[], limit: number, goal: string): void => {
  const longest = Math.max(...values);
  rows.push({
    name,
    value: Math.round(longest),
    unit: "ms at most",
    runs: values.length,
    spread: [Math.round(Math.min(...values)), Math.round(longest)],
    goal,
    met: longest <= limit,
  });
};
for (const role of SERIAL) {
  const own = trials.filter((one) => one.role === role);
  if (own.length === 0) continue;
  const absent = own.map(({ absentMs }) => absentMs);
  row(`${role}: pulled in the middle of a frame, absent`, absent, ABSENT_MS, "<= 1000 ms");
  const answered = own.flatMap(({ answeredMs }) => answeredMs ?? []);
  if (answered.length > 0) row(`${role}: its command answered`, answered, ABSENT_MS, "<= 1000 ms");
  const back = own.map(({ backMs }) => backMs);
  row(`${role}: plugged in under another name, serves again`, back, BACK_MS, "<= 5000 ms");
}
const wrong = trials.flatMap((one) => one.wrong);
rows.push({
  name: "gaps in the events of any device, processes restarted, neighbours disturbed",
  value: wrong.length,
  unit: `of ${trials.length} runs`,
  goal: "0",
  met: wrong.length === 0,
});
writeResult("hotplug", `make bench-hotplug RUNS=${RUNS} SEED=${SEED}`, rows, SEED);
console.log(`${trials.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
