import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setLog } from "../../drivers/kit/index.ts";
import { Provisioner } from "../../provisioning/activate/index.ts";
import type { BundleContent } from "../../provisioning/bundle/index.ts";
import { writeResult } from "../../tools/results.ts";
import { content, HEALTHY, IDENTITY, NONCE, Owner, signed } from "../support/bundles.ts";
import { wrongGeneration } from "../support/generation.ts";
import { type CrashMode, Disk } from "./replay/disk.ts";
import { seeded } from "./replay/random.ts";
import { record } from "./replay/record.ts";
import type { TraceEvent } from "./replay/trace.ts";

/**
 * Kills and power cuts at every system call of activation: after each, every disk that could be left is built (all that was
 * written, nothing that was not synced, random parts of it) and a unit starts on it. It is to be whole, and to stand where
 * it stood before the bundles that were being taken or after them; what was said to be taken is taken. The same without
 * syncing, which must be caught.
 */
setLog({ level: "error", sink: () => undefined });
const RUNS = Number(process.env.RUNS ?? 1_500);
const SEED = Number(process.env.SEED ?? 1);
const MUTANT_RUNS = 300;
const work = mkdtempSync(join(tmpdir(), "guichet-activation-"));
const image = mkdtempSync("/dev/shm/guichet-activation-image-");
const owner = new Owner();

type Counters = Partial<Record<BundleContent["kind"], number>>;
interface Round {
  name: string;
  healthy: boolean;
  files: string[];
  /** Where the unit stands when it has taken it. */
  after: Counters;
}

function rounds(): Round[] {
  const list: [string, boolean, BundleContent[]][] = [
    ["first", true, [content("claim"), content("content"), content("configuration")]],
    [
      "update",
      true,
      [
        content("keys", { counter: 2, target: { all: true }, keys: { ...owner.set, version: 2 } }),
        content("content", {
          counter: 2,
          files: ["a", "b", "c"].map((name, n) => ({
            path: n === 0 ? "services/demo/service.json" : `services/demo/${name}.json`,
            bytes: Buffer.alloc(1_500 * (n + 1), 97 + n),
          })),
        }),
        content("configuration", { counter: 2 }, { code: "NEW2" }),
      ],
    ],
    ["sick", false, [content("configuration", { counter: 3 }, { code: "SICK" })]],
    ["command", true, [content("command")]],
  ];
  let after: Counters = {};
  return list.map(([name, healthy, bundles]) => {
    const files = bundles.map((of) => {
      const file = `${name}-${of.kind}.kbundle`;
      writeFileSync(join(work, "given", file), signed(owner, of));
      return file;
    });
    if (healthy)
      after = { ...after, ...Object.fromEntries(bundles.map(({ kind, counter }) => [kind, counter])) };
    return { name, healthy, files, after };
  });
}

mkdirSync(join(work, "given"));
const all = rounds();
writeFileSync(join(work, "given", "identity.json"), JSON.stringify({ ...IDENTITY, keys: owner.set }));
writeFileSync(join(work, "given", "rounds.json"), JSON.stringify({ nonce: NONCE, rounds: all }));
const same = (a: Counters, b: Counters | undefined): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b ?? {}).sort());

/** Starts a unit on what a cut has left. @returns what is wrong with it */
async function check(marks: readonly string[]): Promise<string[]> {
  if (!marks.includes("ready")) return [];
  await new Provisioner({ state: image, trial: HEALTHY }).recover();
  const { wrong, standing } = await wrongGeneration(image);
  const done = marks.filter((mark) => /^(taken|refused) /.test(mark)).length;
  const before: Counters = all[done - 1]?.after ?? {};
  const may = marks.at(-1)?.startsWith("begun ") ? [before, all[done]?.after ?? before] : [before];
  if (!may.some((counters) => same(counters, standing?.counters)))
    wrong.push(`stands at ${JSON.stringify(standing?.counters)}, may be ${JSON.stringify(may)}`);
  return wrong;
}

async function replay(events: readonly TraceEvent[], root: string, wanted: number) {
  const random = seeded(SEED);
  const wrong = new Map<string, number>();
  let [images, bad] = [0, 0];
  for (let pass = 0; pass === 0 || images < wanted; pass++) {
    const disk = new Disk();
    const marks: string[] = [];
    for (const event of events) {
      if (event.kind === "mark") marks.push(event.text);
      disk.apply(event);
      // The board itself is made before; what is on trial is activation.
      if (!marks.includes("ready") || event.kind === "syncStart" || (pass > 0 && disk.atRisk === 0)) continue;
      const modes: CrashMode[] = pass > 0 ? ["torn"] : ["kept", "dropped", "torn"];
      for (const mode of modes) {
        disk.writeImage(root, image, mode, random);
        writeFileSync(join(image, "identity.json"), JSON.stringify({ ...IDENTITY, keys: owner.set }));
        images++;
        const found = await check(marks).catch((error: Error) => [`it does not start: ${error.message}`]);
        if (found.length > 0) bad++;
        for (const text of new Set(found)) wrong.set(text, (wrong.get(text) ?? 0) + 1);
      }
      if (pass > 0 && images >= wanted) break;
    }
  }
  return { images, bad, wrong, events: events.length };
}

console.log(`seed ${SEED}, about ${RUNS} images`);
const results = [];
for (const mutant of ["", "nosync"]) {
  const root = join(work, `unit${mutant}`);
  const events = await record({
    script: "test/crash/replay/activation-workload.ts",
    args: [root, join(work, "given"), mutant],
    log: join(work, `unit${mutant}.log`),
    root,
  });
  const tally = await replay(events, root, mutant ? MUTANT_RUNS : RUNS);
  results.push(tally);
  console.log(
    `activation${mutant ? " without syncing" : ""}: ${tally.events} events, ${tally.images} crash images, ${tally.bad} bad`,
  );
  for (const [text, count] of [...tally.wrong].slice(0, 5)) console.log(`  ${count} x ${text}`);
}
rmSync(work, { recursive: true, force: true });
rmSync(image, { recursive: true, force: true });
const [real, mutant] = results;
if (!real || !mutant) throw new Error("nothing was replayed");
writeResult(
  "crash-activation",
  `make crash-activation RUNS=${RUNS} SEED=${SEED}`,
  [
    {
      name: `crash images in which a unit is neither the old nor the new one (of ${real.images} over ${real.events} events)`,
      value: real.bad,
      unit: "images",
      goal: "0",
      met: real.bad === 0,
    },
    {
      name: `mutant without syncing: the same (of ${mutant.images} over ${mutant.events} events)`,
      value: mutant.bad,
      unit: "images",
      goal: "> 0 (caught)",
      met: mutant.bad > 0,
    },
  ],
  SEED,
);
const failed = real.bad + (mutant.bad > 0 ? 0 : 1) + (real.images < RUNS ? 1 : 0);
console.log(`${real.images - real.bad + (mutant.bad > 0 ? 1 : 0)} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
