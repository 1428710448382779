import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setLog } from "../../drivers/kit/index.ts";
import { Provisioner } from "../../provisioning/activate/index.ts";
import type { BundleContent } from "../../provisioning/bundle/index.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import type * as parts from "../fixtures/activation-parts.ts";
import { content, HEALTHY, IDENTITY, NONCE, Owner, signed } from "../support/bundles.ts";
import { buildEdited, type Edit, importEdited } from "../support/edited.ts";
import { wrongGeneration } from "../support/generation.ts";
import { type CrashMode, Disk } from "./replay/disk.ts";
import { seeded } from "./replay/random.ts";
import { record } from "./replay/record.ts";
import { cutRecoveries, type Look, oncePerLook, type Start } from "./replay/second-cut.ts";
import type { TraceEvent } from "./replay/trace.ts";

/**
 * Kills and power cuts at every system call of activation: after each, every disk that could be left is built (all that was
 * written, nothing that was not synced, random parts of it) and a unit starts on it. It is to be whole, and to stand where
 * it stood before the bundles that were being taken or after them; what was said to be taken is taken. Then the same at
 * every system call of each of these starts. Without syncing it must be caught, and so must a recovery that is right
 * unless it is cut.
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
const asText = (counters: Counters | undefined): string =>
  Object.entries(counters ?? {})
    .map(([kind, counter]) => `${kind}=${counter}`)
    .sort()
    .join(" ") || "nothing";

type Recovery = typeof parts.Provisioner;

/** Starts a unit on what a cut has left. */
const lookWith =
  (Recovering: Recovery): Look =>
  async (may) => {
    writeFileSync(join(image, "identity.json"), JSON.stringify({ ...IDENTITY, keys: owner.set }));
    try {
      await new Recovering({ state: image, trial: HEALTHY }).recover();
      const { wrong, standing } = await wrongGeneration(image);
      const stands = asText(standing?.counters);
      if (!may.includes(stands)) wrong.push(`stands at ${stands}, may be ${may.join(" or ")}`);
      return { wrong, stands };
    } catch (error) {
      return { wrong: [`it does not start: ${(error as Error).message}`], stands: "nowhere" };
    }
  };

/** Where a unit may stand that went down when this was the last that it had said. */
function mayStand(marks: readonly string[]): string[] {
  const done = marks.filter((mark) => /^(taken|refused) /.test(mark)).length;
  const before: Counters = all[done - 1]?.after ?? {};
  return (marks.at(-1)?.startsWith("begun ") ? [before, all[done]?.after ?? before] : [before]).map(asText);
}

/** @param starts gets every unit that went down in the first pass: killed, and cut in each way */
async function replay(
  events: readonly TraceEvent[],
  root: string,
  wanted: number,
  look: Look,
  starts: Start[] = [],
) {
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
      const may = mayStand(marks);
      if (pass === 0 && disk.atRisk > 0) starts.push({ disk: disk.afterKill(), may });
      for (const mode of modes) {
        const left = disk.afterCut(mode, random);
        left.writeImage(root, image, "kept", random);
        if (pass === 0) starts.push({ disk: left, may });
        images++;
        const { wrong: found } = await look(may);
        if (found.length > 0) bad++;
        for (const text of new Set(found)) wrong.set(text, (wrong.get(text) ?? 0) + 1);
      }
      if (pass > 0 && images >= wanted) break;
    }
  }
  return { images, bad, wrong, events: events.length };
}

/** Recoveries that are right unless they are cut. */
const MUTANTS: { what: string; from: string; to: string }[] = [
  {
    what: "writes both links anew, not by one rename",
    from: 'await this.#point("active", committed);\n        log("interrupted"',
    to: 'await this.#disk.remove(join(this.#state, LINKS.committed)); await this.#point("committed", committed); await this.#point("active", committed);\n        log("interrupted"',
  },
  {
    what: "does not sync what it has found",
    from: "await this.#disk\n        .syncFolder(this.#state)\n        .catch",
    to: "await Promise.resolve()\n        .catch",
  },
];
const WORKLOAD = "test/crash/replay/recovery-workload.ts";

function say(what: string, { bad, wrong }: { bad: number; wrong: ReadonlyMap<string, number> }): void {
  console.log(`${what}, ${bad} bad`);
  for (const [text, count] of [...wrong].slice(0, 5)) console.log(`  ${count} x ${text}`);
}

async function traced(mutant: string) {
  const root = join(work, `unit${mutant}`);
  const events = await record({
    script: "test/crash/replay/activation-workload.ts",
    args: [root, join(work, "given"), mutant],
    log: join(work, `unit${mutant}.log`),
    root,
  });
  return { root, events };
}

/** Cuts what happens after the first cuts of a trace. */
async function again(
  name: string,
  script: string,
  starts: readonly Start[],
  more: { root: string; look: Look; untilBad?: boolean },
) {
  const random = seeded(SEED);
  const log = join(work, "recovery.log");
  const tally = await cutRecoveries(oncePerLook(starts), { image, script, log, random, ...more });
  say(`recovery${name}: ${tally.recoveries} traced, ${tally.images} crash images of second cuts`, tally);
  return tally;
}

console.log(`seed ${SEED}, about ${RUNS} images of first cuts`);
const real = await traced("");
const look = lookWith(Provisioner);
const starts: Start[] = [];
const first = await replay(real.events, real.root, RUNS, look, starts);
say(`activation: ${first.events} events, ${first.images} crash images`, first);
const hasty = await traced("nosync");
const unsynced = await replay(hasty.events, hasty.root, MUTANT_RUNS, look);
say(`activation without syncing: ${unsynced.events} events, ${unsynced.images} crash images`, unsynced);

const second = await again("", WORKLOAD, starts, { root: real.root, look });
const mutants = [];
for (const { what, from, to } of MUTANTS) {
  const edits: Edit[] = [{ file: "provisioning/activate/provisioner.ts", from, to }];
  const edited = await importEdited<typeof parts>("test/fixtures/activation-parts.ts", edits);
  edited.setLog({ level: "error", sink: () => undefined });
  const looks = lookWith(edited.Provisioner);
  const once = await replay(real.events, real.root, 0, looks);
  const options = { root: real.root, look: looks, untilBad: true };
  const twice = await again(` that ${what}`, await buildEdited(WORKLOAD, edits), starts, options);
  mutants.push({ what, once, twice });
}
rmSync(work, { recursive: true, force: true });
rmSync(image, { recursive: true, force: true });

const never = (name: string, { bad, images }: { bad: number; images: number }): ResultRow => ({
  name: `${name} (of ${images})`,
  value: bad,
  unit: "images",
  goal: "0",
  met: bad === 0,
});
const caught = (name: string, { bad, images }: { bad: number; images: number }): ResultRow => ({
  name: `${name} (of ${images})`,
  value: bad,
  unit: "images",
  goal: "> 0 (caught)",
  met: bad > 0,
});
const rows = [
  never(
    `crash images in which a unit is neither the old nor the new one, over ${first.events} events`,
    first,
  ),
  never(
    `the same after a second cut, at every event of ${second.recoveries} different recoveries, or going back on what a recovery has found`,
    second,
  ),
  caught(`mutant without syncing, over ${unsynced.events} events`, unsynced),
  ...mutants.flatMap(({ what, once, twice }) => [
    never(`mutant whose recovery ${what}: after one cut, which does not show it`, once),
    caught("the same mutant after a second cut, until it is caught", twice),
  ]),
];
writeResult("crash-activation", `make crash-activation RUNS=${RUNS} SEED=${SEED}`, rows, SEED);
const good = first.images + second.images - first.bad - second.bad;
const failed = rows.filter(({ met }) => !met).length + first.bad + second.bad + (first.images < RUNS ? 1 : 0);
console.log(`${good} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
