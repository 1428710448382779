import type { HilRig } from "./rig.ts";

/** One thing that is to be seen on the real kernel. It runs on the machine as the one before it left it. */
export interface Scenario {
  /** As it stands in the result. */
  name: string;
  /** Throws when it was not seen. */
  run(rig: HilRig, note: Note): Promise<void>;
}

/** A figure of a scenario, with its goal where it has one. */
export type Note = (
  what: string,
  value: number | string,
  unit: string,
  goal?: { text: string; met: boolean },
) => void;

/** Seconds since `began` (performance.now), to a tenth. */
export const since = (began: number): number => Math.round((performance.now() - began) / 100) / 10;

/** Waits until `probe` is true; the machine is slow, so it is asked seldom. */
export async function until(what: string, probe: () => Promise<boolean>, seconds = 600): Promise<number> {
  const began = performance.now();
  for (;;) {
    if (await probe()) return since(began);
    if (since(began) > seconds) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
