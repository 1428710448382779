import { parentPort, workerData } from "node:worker_threads";
import { isFault, setLog } from "../../drivers/kit/index.ts";
import { Play, type Tally } from "./play.ts";

/** Operations of one world. */
export const PER_WORLD = 100;

export interface Played {
  seed: number;
  violations: string[];
  tally: Tally;
}

setLog(
  workerData?.trace
    ? { level: "warn", sink: (line) => console.log(JSON.stringify(line)) }
    : { level: "error", sink: () => undefined },
);
// Faults are made by the thousand, and writing down where each came from takes a good part of the time.
if (!workerData?.trace) Error.stackTraceLimit = 0;

let strays: string[] = [];
process.on("unhandledRejection", (error) => {
  // A vault whose disk broke has ended itself before Node could tell of this.
  if (!isFault(error, "store.dead"))
    strays.push(`nobody handled: ${error instanceof Error ? error.stack : error}`);
});
/** One turn of Node's own event loop, in which it tells of rejections; promise jobs cannot be run from within one. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One world from its seed. */
export async function play(
  seed: number,
  operations = PER_WORLD,
  trace?: (line: string) => void,
): Promise<Played> {
  const it = new Play(seed, trace);
  strays = [];
  await new Promise<void>((resolve) =>
    setImmediate(() => {
      try {
        it.world.scheduler.run(it.run(operations));
      } catch (error) {
        it.judge.violated(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      resolve();
    }),
  );
  await turn();
  const violations = [...it.judge.violations, ...strays].map((what) => `${what}; ${it.describe()}`);
  return { seed, violations, tally: it.tally };
}

parentPort?.on("message", async (seed: number) =>
  parentPort?.postMessage(await play(seed, PER_WORLD, workerData?.trace ? console.log : undefined)),
);
