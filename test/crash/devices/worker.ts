import { parentPort, workerData } from "node:worker_threads";
import { isFault, setLog } from "../../../drivers/kit/index.ts";
import { type Done, type Plan, Run } from "./run.ts";

setLog(
  workerData?.trace
    ? { level: "debug", sink: (line) => console.log(JSON.stringify(line)) }
    : { level: "error", sink: () => undefined },
);
// Faults are made by the thousand, and writing down where each came from takes a good part of the time.
if (!workerData?.trace) Error.stackTraceLimit = 0;

let strays: string[] = [];
process.on("unhandledRejection", (error) => {
  if (!isFault(error, "store.dead"))
    strays.push(`nobody handled: ${error instanceof Error ? error.stack : error}`);
});
/** One turn of Node's own event loop, in which it tells of rejections; promise jobs cannot be run from within one. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const NOT_DONE: Done = {
  violations: [],
  outcome: undefined,
  reached: false,
  met: false,
  steps: [],
  tookMs: 0,
};

/** One run of its plan. */
export async function play(plan: Plan, trace?: (line: string) => void): Promise<Done> {
  strays = [];
  const done = await new Promise<Done>((resolve) =>
    setImmediate(() => {
      try {
        const run = new Run(plan, trace);
        resolve(run.rig.scheduler.run(run.play()));
      } catch (error) {
        resolve({ ...NOT_DONE, violations: [error instanceof Error ? (error.stack ?? "") : String(error)] });
      }
    }),
  );
  await turn();
  return { ...done, violations: [...done.violations, ...strays] };
}

parentPort?.on("message", async (plan: Plan) =>
  parentPort?.postMessage(await play(plan, workerData?.trace ? console.log : undefined)),
);
