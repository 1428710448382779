import { Worker } from "node:worker_threads";

/**
 * Runs in a thread of its own, given as text so that a bundle needs no second file. It kills the process when the main
 * thread has not counted on for the deadline, also when that spins: a parent's signal alone would leave an orphan.
 * It counts its own looks instead of asking a clock, so that a process that was stopped as a whole may go on.
 */
const SOURCE = `
const { workerData } = require("node:worker_threads");
const beats = new Int32Array(workerData.shared);
const every = Math.max(20, workerData.deadlineMs / 10);
let last = -1;
let missed = 0;
setInterval(() => {
  const now = Atomics.load(beats, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
  if (missed * every > workerData.deadlineMs) process.kill(process.pid, "SIGKILL");
}, every);
`;

export interface Watchdog {
  stop(): Promise<void>;
}

/** @param deadlineMs longest time that the main thread may be away, ms */
export function startWatchdog({ deadlineMs }: { deadlineMs: number }): Watchdog {
  const shared = new SharedArrayBuffer(4);
  const beats = new Int32Array(shared);
  const timer = setInterval(() => Atomics.add(beats, 0, 1), Math.max(10, deadlineMs / 20));
  timer.unref();
  const worker = new Worker(SOURCE, {
    eval: true,
    // Without the loaders of the main thread: their start waits for it, and a thread that is not up yet guards nothing.
    execArgv: [],
    workerData: { shared, deadlineMs },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  worker.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
