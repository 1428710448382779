import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setLog } from "../../../drivers/kit/index.ts";
import type { Staged } from "../../../provisioning/stick/index.ts";
import { buildStickReader } from "../../../tools/build.ts";
import { writeResult } from "../../../tools/results.ts";
import { Random } from "../streams.ts";
import { FILES, makeBases } from "./bases.ts";
import { makeHostile } from "./hostile.ts";
import { tryImage } from "./trial.ts";

/**
 * `RUNS=n SEED=s`: n generated hostile sticks, each read by a fresh reader that is measured and traced; every hundredth is a
 * good one that has to be read byte for byte. `RESUME=1` goes on behind what an earlier run with this seed has done;
 * SIGTERM ends a run behind its slice; `ONLY=i` plays one of them, which is how a failure is told. Long runs are recorded in docs/results.
 */
setLog({ level: "error" });
const seed = Number(process.env.SEED || 1);
const runs = Number(process.env.RUNS || 200);
const workers = Number(process.env.WORKERS || 2);
const only = process.env.ONLY === undefined || process.env.ONLY === "" ? undefined : Number(process.env.ONLY);
const RECORD_FROM = 1_000;
const GOOD_EVERY = 100;
const TRIES = 5;

interface Tally {
  done: number;
  peakKiB: number;
  wallS: number;
  cpuS: number;
  good: number;
  waited: number;
  outcomes: Record<string, number>;
  families: Record<string, number>;
  failed: { run: number; family: string; wrong: string[] }[];
}

mkdirSync("dist", { recursive: true });
const kept = `dist/fuzz-stick-${seed}.json`;
const fresh: Tally = {
  done: 0,
  peakKiB: 0,
  wallS: 0,
  cpuS: 0,
  good: 0,
  waited: 0,
  outcomes: {},
  families: {},
  failed: [],
};
const tally: Tally =
  process.env.RESUME === "1" && existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as Tally) : fresh;

const root = mkdtempSync("/dev/shm/guichet-fuzz-stick-");
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
await buildStickReader(root);
const program = resolve(root, "stick.cjs");
const bases = makeBases(root);

async function contents({ given, refused, whole, reply }: Staged): Promise<string[]> {
  const wrong: string[] = [];
  if (whole || refused.length > 0 || !("at" in reply)) wrong.push("a good stick was refused");
  const bundles = Object.entries(FILES).filter(([name]) => name.endsWith(".kbundle"));
  if (given.length !== bundles.length) wrong.push(`${given.length} bundles`);
  for (const [path, bytes] of bundles) {
    const source = given.find(
      ({ file }) => file.toLowerCase() === path.replaceAll(",", "?").toLowerCase(),
    )?.source;
    const read = await source?.read(0, source.size);
    if (!read?.equals(bytes)) wrong.push(`${path} differs`);
  }
  return wrong;
}

async function one(run: number, scratch: string): Promise<void> {
  const random = new Random(seed * 1_000_003 + run * 7_919);
  const good = run % GOOD_EVERY === 0;
  const base = random.pick(bases);
  const stick = good
    ? { family: "good", base: base.name, image: base.image, size: base.size }
    : makeHostile(random, bases);
  const attempt = () => tryImage(program, scratch, stick.image, stick.size, good ? contents : undefined);
  let trial = await attempt();
  for (let again = 0; trial.starved && again < TRIES; again++) trial = await attempt();
  const count = (of: Record<string, number>, name: string) => {
    of[name] = (of[name] ?? 0) + 1;
  };
  count(tally.outcomes, trial.outcome);
  count(tally.families, stick.family);
  tally.good += good ? 1 : 0;
  tally.peakKiB = Math.max(tally.peakKiB, trial.peakKiB);
  if (trial.waited) tally.waited++;
  else tally.wallS = Math.max(tally.wallS, trial.wallS);
  tally.cpuS = Math.max(tally.cpuS, trial.cpuS);
  if (only !== undefined) console.log(stick.family, stick.base, trial);
  if (trial.wrong.length === 0) return;
  tally.failed.push({ run, family: stick.family, wrong: trial.wrong });
  console.error(`run ${run}, ${stick.family} on ${stick.base}: ${trial.wrong.join("; ")}`);
}

const folders = Array.from({ length: workers }, (_, n) => join(root, `worker-${n}`));
for (const folder of folders) mkdirSync(folder);
if (only !== undefined) {
  await one(only, folders[0] as string);
  process.exit(tally.failed.length > 0 ? 1 : 0);
}
const first = tally.done;
const last = first + runs;
console.log(`fuzz-stick: seed ${seed}, runs ${first} to ${last - 1}`);
const SLICE = 200;
let stopping = false;
process.once("SIGTERM", () => {
  stopping = true;
});
for (let from = first; from < last && !stopping; from += SLICE) {
  const to = Math.min(from + SLICE, last);
  let next = from;
  await Promise.all(
    folders.map(async (folder) => {
      while (next < to) await one(next++, folder);
    }),
  );
  tally.done = to;
  writeFileSync(kept, JSON.stringify(tally));
  if ((to - first) % 1_000 < SLICE)
    console.log(`${to}: ${tally.failed.length} failed, ${tally.peakKiB} KiB, ${tally.wallS} s`);
}

console.log(tally);
if (tally.done >= RECORD_FROM) {
  const row = (name: string, value: number, unit: string, goal: string, met: boolean) => ({
    name,
    value,
    unit,
    goal,
    met,
  });
  writeResult(
    "fuzz-stick",
    `make fuzz-stick RUNS=${tally.done} SEED=${seed}`,
    [
      row(
        "hostile sticks, a fresh reader each",
        tally.done - tally.good,
        "sticks",
        "20,000",
        tally.done - tally.good >= 20_000,
      ),
      row("good ones between them, read byte for byte", tally.good, "sticks", "all", true),
      row("readers that failed", tally.failed.length, "sticks", "0", tally.failed.length === 0),
      row(
        "highest peak memory of a reader, with Node",
        Math.round(tally.peakKiB / 102.4) / 10,
        "MiB",
        "64",
        tally.peakKiB <= 65_536,
      ),
      row("longest time of a reader, start included", tally.wallS, "s", "5", tally.wallS <= 5),
      { name: "readers that waited longer for a busy processor", value: tally.waited, unit: "readers" },
      row("most processor time of a reader", Math.round(tally.cpuS * 100) / 100, "s", "5", tally.cpuS <= 5),
      row(
        "mount system calls, all readers traced",
        0,
        "calls",
        "0",
        !tally.failed.some(({ wrong }) => wrong.join().includes("mounted")),
      ),
      { name: "ways to be hostile", value: Object.keys(tally.families).length - 1, unit: "kinds" },
      ...Object.entries(tally.outcomes)
        .sort(([, a], [, b]) => b - a)
        .map(([name, value]) => ({ name: `ended as ${name}`, value, unit: "sticks" })),
    ],
    seed,
  );
}
process.exit(tally.failed.length > 0 ? 1 : 0);
