import { parentPort, workerData } from "node:worker_threads";
import { watchStrays } from "../../support/strays.ts";
import { type Done, type Plan, Run } from "./run.ts";

const strays = watchStrays(workerData?.trace ? "debug" : undefined);

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
  strays.begin();
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
  return { ...done, violations: [...done.violations, ...(await strays.end())] };
}

parentPort?.on("message", async (plan: Plan) =>
  parentPort?.postMessage(await play(plan, workerData?.trace ? console.log : undefined)),
);
