import { parentPort, workerData } from "node:worker_threads";
import { watchStrays } from "../support/strays.ts";
import { Play, type Tally } from "./play.ts";

/** Operations of one world. */
export const PER_WORLD = 100;

export interface Played {
  seed: number;
  violations: string[];
  tally: Tally;
}

const strays = watchStrays(workerData?.trace ? "warn" : undefined);

/** One world from its seed. */
export async function play(
  seed: number,
  operations = PER_WORLD,
  trace?: (line: string) => void,
): Promise<Played> {
  const it = new Play(seed, trace);
  strays.begin();
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
  const stray = await strays.end();
  const violations = [...it.judge.violations, ...stray].map((what) => `${what}; ${it.describe()}`);
  return { seed, violations, tally: it.tally };
}

parentPort?.on("message", async (seed: number) =>
  parentPort?.postMessage(await play(seed, PER_WORLD, workerData?.trace ? console.log : undefined)),
);
