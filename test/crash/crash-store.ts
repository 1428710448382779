import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setLog } from "../../drivers/kit/index.ts";
import { exportSigningKey, newReplyKey, newSigningKey, type SealKey } from "../../fleet/contract/index.ts";
import type { Handover } from "../../runtime/ipc/index.ts";
import { writeResult } from "../../tools/results.ts";
import { unitConfiguration } from "../support/unit.ts";
import { vaultRig } from "../support/vault-rig.ts";
import { checkCore } from "./replay/core-check.ts";
import { type CrashMode, Disk } from "./replay/disk.ts";
import { seeded } from "./replay/random.ts";
import { record } from "./replay/record.ts";
import type { TraceEvent } from "./replay/trace.ts";
import { checkVault } from "./replay/vault-check.ts";

/**
 * Power cuts over the real stores: the vault through two loadings and two hand-overs, the core through three submissions.
 * Every system call of theirs is traced; at each, every disk that a cut could leave is built (nothing unsynced kept, all
 * kept, random parts torn) and opened by the real recovery. The same with `synchronous=NORMAL`, which must be caught.
 */
setLog({ level: "error", sink: () => undefined });
const RUNS = Number(process.env.RUNS ?? 2_000);
const SEED = Number(process.env.SEED ?? 1);
const random = seeded(SEED);
const MUTANT_RUNS = Math.max(200, Math.round(RUNS / 5));

interface Trace {
  events: TraceEvent[];
  root: string;
  check(image: string, marks: readonly string[], random: () => number): Promise<string[]>;
}

type Teardown = () => unknown;
const teardowns: Teardown[] = [];
const after = { after: (teardown: Teardown) => void teardowns.push(teardown) };
const work = mkdtempSync(join(tmpdir(), "guichet-crash-"));
const image = mkdtempSync("/dev/shm/guichet-crash-image-");
teardowns.push(
  () => rmSync(work, { recursive: true, force: true }),
  () => rmSync(image, { recursive: true, force: true }),
);

async function traceCore(mutant: string): Promise<Trace> {
  const root = join(work, `core${mutant}`);
  const setup = join(work, `core${mutant}.json`);
  mkdirSync(root, { recursive: true });
  const seal: SealKey = { ...newReplyKey(), kid: "seal-1" };
  const device = newSigningKey("unit");
  const receipt = newSigningKey("receipt");
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: [receipt.public],
      sealTo: [{ kid: seal.kid, x: seal.x }],
    },
  });
  writeFileSync(
    setup,
    JSON.stringify({ configuration, device: exportSigningKey(device), receipt: exportSigningKey(receipt) }),
  );
  const events = await record({
    script: "test/crash/replay/core-workload.ts",
    args: [root, setup, mutant],
    log: join(work, `core${mutant}.log`),
    root,
  });
  return { events, root, check: (at, marks) => checkCore(at, marks, { configuration, device, seal }) };
}

async function traceVault(mutant: string): Promise<Trace> {
  const rig = await vaultRig(after);
  // The core hears outcomes over the socket; each becomes a mark right behind the write that told it.
  const events = await record(
    {
      script: "test/crash/replay/vault-workload.ts",
      args: [rig.state, mutant],
      log: join(work, `vault${mutant}.log`),
      root: rig.state,
      device: "/dev/pts/",
    },
    async () => {
      const client = await rig.client();
      const slots = await rig.load(client, ["ITEM-1", "ITEM-2"]);
      for (const item of Object.keys(slots)) {
        const voucher = rig.voucher(item);
        const begun = await client.call("collect.begin", { voucher });
        if (!begun.ok) throw begun.error;
        const { challenge } = begun.value.body;
        const done = new Promise<Handover>((resolve) => {
          const off = client.on("handover", (handover) => {
            if (handover.phase === "opened") rig.takeFrom(handover.slot);
            if (handover.phase !== "done") return;
            off();
            resolve(handover);
          });
        });
        const released = await client.call("collect.release", {
          command: `command-${item}`,
          voucher,
          challenge,
          attestation: rig.attest(voucher, challenge),
        });
        if (!released.ok) throw released.error;
        const { outcome } = await done;
        if (outcome !== "taken") throw new Error(`the hand-over ended ${outcome}`);
      }
      client.close();
    },
  );
  const states = [
    { latch: "locked", item: "absent" },
    { latch: "locked", item: "present" },
    { latch: "open", item: "absent" },
  ] as const;
  return {
    events,
    root: rig.state,
    check: (at, marks, own) => checkVault(at, marks, states[Math.floor(own() * states.length)] ?? states[0]),
  };
}

interface Tally {
  images: number;
  wrong: Map<string, number>;
  bad: number;
}

/**
 * Replays a trace and checks at least `wanted` images: at every moment what survives when nothing unsynced does and when
 * all of it does, and torn images in as many passes as it takes.
 */
async function replay(trace: Trace, wanted: number): Promise<Tally> {
  const tally: Tally = { images: 0, wrong: new Map(), bad: 0 };
  for (let pass = 0; pass === 0 || tally.images < wanted; pass++) {
    const disk = new Disk();
    const marks: string[] = [];
    for (const event of trace.events) {
      if (event.kind === "mark") marks.push(event.text);
      disk.apply(event);
      if (event.kind === "syncStart" || (pass > 0 && disk.atRisk === 0)) continue;
      const modes: CrashMode[] =
        pass > 0 ? ["torn"] : disk.atRisk === 0 ? ["kept"] : ["dropped", "kept", "torn"];
      for (const mode of modes) await checkImage(trace, disk, marks, mode, tally);
      if (pass > 0 && tally.images >= wanted) break;
    }
  }
  return tally;
}

async function checkImage(
  trace: Trace,
  disk: Disk,
  marks: string[],
  mode: CrashMode,
  tally: Tally,
): Promise<void> {
  disk.writeImage(trace.root, image, mode, random);
  tally.images++;
  const wrong = await trace
    .check(image, marks, random)
    .catch((error: Error) => [`recovery failed: ${error.message}`]);
  if (wrong.length > 0) tally.bad++;
  for (const text of new Set(wrong.map((own) => own.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>")))) {
    tally.wrong.set(text, (tally.wrong.get(text) ?? 0) + 1);
  }
}

console.log(`seed ${SEED}, about ${RUNS} images`);
const results: { name: string; tally: Tally; events: number; mutant: boolean }[] = [];
for (const [name, make] of [
  ["core", traceCore],
  ["vault", traceVault],
] as const) {
  for (const mutant of ["", "NORMAL"]) {
    const trace = await make(mutant);
    const tally = await replay(trace, mutant ? MUTANT_RUNS : Math.ceil(RUNS / 2));
    results.push({ name, tally, events: trace.events.length, mutant: mutant !== "" });
    console.log(
      `${name}${mutant ? ` with synchronous=${mutant}` : ""}: ${trace.events.length} events, ${tally.images} crash images, ${tally.bad} bad`,
    );
    for (const [text, count] of [...tally.wrong].slice(0, 5)) console.log(`  ${count} x ${text}`);
  }
}
for (const teardown of teardowns.reverse()) await teardown();

const real = results.filter((result) => !result.mutant);
const images = real.reduce((sum, { tally }) => sum + tally.images, 0);
const bad = real.reduce((sum, { tally }) => sum + tally.bad, 0);
const caught = results.filter((result) => result.mutant && result.tally.bad > 0).map((result) => result.name);
writeResult(
  "crash-store",
  `make crash-store RUNS=${RUNS} SEED=${SEED}`,
  [
    ...results.map(({ name, tally, events, mutant }) => ({
      name: `${name}${mutant ? ", mutant synchronous=NORMAL" : ""}: crash images with something lost or half (of ${tally.images} images over ${events} events)`,
      value: tally.bad,
      unit: "images",
      goal: mutant ? "> 0 (caught)" : "0",
      met: mutant ? tally.bad > 0 : tally.bad === 0,
    })),
  ],
  SEED,
);
const failed = bad + (2 - caught.length) + (images < RUNS ? 1 : 0);
console.log(`mutant synchronous=NORMAL caught in: ${caught.join(", ") || "nothing"}`);
console.log(`${images - bad + caught.length} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
