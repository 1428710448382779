import { mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { linkSimulation } from "./engine/link.ts";
import { emptyRecord, type Recorded, readRecord, writeRecord } from "./record.ts";
import type { Played } from "./worker.ts";

/**
 * `RUNS=n SEED=s`: at least n operations in worlds of 100, whose seeds count up from s. `RESUME=1` goes on behind what
 * is recorded in docs/results/simulate and adds to it; `TRACE=1` prints everything that happens, for one seed.
 */
const PER_WORLD = 100;
const RUNS = Number(process.env.RUNS || 100_000);
const SEED = Number(process.env.SEED || 1);
const RECORD_FROM = 100_000;
const SAVE_MS = 30_000;

const resume = process.env.RESUME === "1";
const record: Recorded = resume ? readRecord() : emptyRecord();
const keeps = resume || RUNS >= RECORD_FROM;
const bundle = resolve(`dist/simulate-${process.pid}.mjs`);
mkdirSync("dist", { recursive: true });
await linkSimulation(bundle);

let next = record.worlds.length > 0 ? (record.worlds.at(-1)?.[1] ?? 0) + 1 : SEED;
const first = next;
const last = first + Math.ceil(RUNS / PER_WORLD) - 1;
console.log(`simulate: worlds ${first} to ${last}, ${PER_WORLD} operations each`);
const failures: Played[] = [];
let finished = 0;
const done = new Set<number>();
let safe = first - 1;
const started = performance.now();
let saved = started;

function take(played: Played): void {
  finished++;
  if (played.violations.length > 0) {
    failures.push(played);
    for (const what of played.violations) console.error(`FAILED ${what}`);
    console.error(`again: make simulate RUNS=1 SEED=${played.seed} TRACE=1`);
  }
  record.add(played.tally, played.violations.length);
  done.add(played.seed);
  while (done.delete(safe + 1)) safe++;
}

function save(): void {
  // Worlds that are not finished yet stand behind `safe`; they are few and count with the next part.
  if (keeps) writeRecord(record, first, safe);
  saved = performance.now();
  const rate = record.operations() / ((saved - started) / 1000);
  console.log(
    `${record.operations()} operations, ${resume ? "" : `${rate.toFixed(0)} a second, `}${failures.length} failed`,
  );
}

async function work(): Promise<void> {
  const worker = new Worker(bundle, { workerData: { trace: process.env.TRACE === "1" } });
  const ask = (seed: number) =>
    new Promise<Played>((settle, reject) => {
      worker.once("message", settle);
      worker.once("error", reject);
      worker.postMessage(seed);
    });
  while (next <= last && failures.length < 10) {
    take(await ask(next++));
    worker.removeAllListeners("error");
    if (performance.now() - saved > SAVE_MS) save();
  }
  await worker.terminate();
}

const threads = Math.min(Number(process.env.THREADS || cpus().length), last - first + 1);
await Promise.all(Array.from({ length: threads }, work));
save();
rmSync(bundle, { force: true });
console.log(`${finished - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
