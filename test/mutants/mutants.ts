import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { seeded } from "../crash/replay/random.ts";
import { type Generated, mutantsOf, mutated } from "./generate.ts";
import { devices, hunt, worlds } from "./hunt.ts";
import { NAMED } from "./named.ts";
import { type Judged, writeMutants } from "./report.ts";
import { Copy } from "./unit-tests.ts";
import { Verdicts } from "./verdicts.ts";

/**
 * `RUNS=n SEED=s`: the named mutants, and n of the generated ones (all without it), drawn by the seed. Each is hunted by
 * the simulation, what survives that by the matrix of devices, and what survives both by the vault's tests. `RESUME=1` goes on behind the verdicts of a run that was
 * broken off, if the sources are still the same.
 */
const FILES = ["ledger", "motion", "evidence", "recovery", "collection"].map(
  (name) => `runtime/vault/${name}.ts`,
);
const RUNS = Number(process.env.RUNS || Number.POSITIVE_INFINITY);
const SEED = Number(process.env.SEED || 1);
const THREADS = Number(process.env.THREADS || cpus().length);
/** Tests mostly wait, so that more of them than there are processors run beside each other. */
const COPIES = THREADS * 2;
const NAMED_WORLDS = 100;
const WORLDS = 25;

mkdirSync("dist", { recursive: true });
const judged: Judged[] = [];
const verdicts = new Verdicts(FILES, SEED, process.env.RESUME === "1");

/** Does the job for each item; every one of `hands` takes the next item when it is free. */
async function inParallel<T, H>(
  hands: readonly H[],
  list: readonly T[],
  job: (item: T, hand: H) => Promise<void>,
): Promise<void> {
  const queue = [...list];
  const work = async (hand: H) => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await job(item, hand);
  };
  await Promise.all(hands.map(work));
}
const threads = Array.from({ length: THREADS }, (_, n) => n);

const SIMULATION = worlds(SEED, WORLDS);
const DEVICES = devices(SEED);
for (const ground of [SIMULATION, DEVICES]) {
  const { caught } = await hunt(ground, []);
  if (caught) throw new Error(`the vault itself fails: ${caught}`);
}

await inParallel(threads, NAMED, async ({ name, rule, edits }) => {
  const { caught, play } = await hunt(worlds(SEED, NAMED_WORLDS), edits);
  const seed = SEED + play;
  judged.push({ kind: "named", name, rule, caught, seed });
  console.log(caught ? `caught   ${name} (seed ${seed}): ${caught}` : `SURVIVED ${name}`);
});

const random = seeded(SEED);
const all = FILES.flatMap(mutantsOf);
const drawn =
  all.length <= RUNS
    ? all
    : all
        .map((it) => [random(), it] as const)
        .sort(([a], [b]) => a - b)
        .slice(0, RUNS)
        .map(([, it]) => it);
const survivors: Generated[] = [];
/** Hunts a mutant in virtual time. */
async function hunted(mutant: Generated): Promise<Judged | undefined> {
  if (verdicts.isLeft(mutant)) return undefined;
  const edits = [{ file: mutant.file, contents: mutated(mutant) }];
  for (const [by, ground] of [
    ["simulation", SIMULATION],
    ["devices", DEVICES],
  ] as const) {
    const { caught } = await hunt(ground, edits);
    if (caught) return verdicts.add({ kind: "generated", mutant, caught, by });
  }
  verdicts.leave(mutant);
  return undefined;
}
await inParallel(threads, drawn, async (mutant) => {
  const verdict = verdicts.of(mutant) ?? (await hunted(mutant));
  if (verdict) judged.push(verdict);
  else survivors.push(mutant);
  const done = judged.length - NAMED.length + survivors.length;
  if (done % 50 === 0) console.log(`${done} of ${drawn.length}, ${survivors.length} left to the tests`);
});

const copies = Array.from({ length: COPIES }, () => new Copy());
await copies[0]?.testsPass();
await inParallel(copies, survivors, async (mutant, copy) => {
  const caught = await copy.testsNotice(mutant);
  judged.push(verdicts.add({ kind: "generated", mutant, caught, by: "tests" }));
  if (!caught) console.log(`survived ${mutant.file}:${mutant.line} ${mutant.from} => ${mutant.to}`);
});

const named = judged.filter((it) => it.kind === "named");
const generated = judged.filter((it) => it.kind === "generated");
const killed = generated.filter(({ caught }) => caught).length;
const share = killed / Math.max(1, generated.length);
const missed = named.filter(({ caught }) => !caught).length + (share < 0.9 ? 1 : 0);
if (drawn.length === all.length) writeMutants(judged, SEED);
console.log(
  `named ${named.filter(({ caught }) => caught).length} of ${named.length}, generated ${killed} of ${generated.length} (${(share * 100).toFixed(1)} %)`,
);
console.log(`${named.length + killed - missed} passed, ${missed} failed`);
process.exit(missed > 0 ? 1 : 0);
