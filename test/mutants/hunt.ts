import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { STATES, VICTIMS } from "../crash/devices/states.ts";
import { type Edit, linkSimulation } from "../simulate/engine/link.ts";

/** Where mutants are hunted: a worker in virtual time, and what it plays until something is found wrong. */
export interface Ground {
  worker: string;
  plays: readonly unknown[];
}

/** Worlds of the simulation, from a seed on. */
export const worlds = (seed: number, count: number): Ground => ({
  worker: "test/simulate/worker.ts",
  plays: Array.from({ length: count }, (_, i) => seed + i),
});

/** Every device that moves in every state: undisturbed, and with each victim cut at some moment. */
export const devices = (seed: number): Ground => ({
  worker: "test/crash/devices/worker.ts",
  plays: STATES.flatMap((state, n) =>
    VICTIMS.map((victim, v) => ({
      ...state,
      victim,
      fault: "none",
      seed: seed * 1_000 + n * VICTIMS.length + v,
      ...(victim === "nobody" ? {} : { atMs: ((n * 7 + v * 3) % 10) * 400 }),
    })),
  ),
});

/** How a mutant came to light: the first violation, or that a play took too long; nothing when all went well. */
export interface Hunt {
  caught: string | undefined;
  /** Number of the play in which it was caught. */
  play: number;
}

/** A play takes well under a second; one that takes this long in a mutant never ends. */
const PLAY_MS = 60_000;
let bundles = 0;

/** Plays on a vault with these edits until something is wrong. */
export async function hunt({ worker: entry, plays }: Ground, edits: readonly Edit[]): Promise<Hunt> {
  const bundle = resolve(`dist/mutant-${process.pid}-${bundles++}.mjs`);
  try {
    await linkSimulation(bundle, edits, entry);
  } catch (error) {
    if (String(error).includes("has not exactly one place")) throw error;
    return { caught: "does not build", play: 0 };
  }
  const worker = new Worker(bundle);
  let tell: (what: string | undefined) => void = () => undefined;
  worker.on("message", ({ violations }: { violations: string[] }) => tell(violations[0]));
  worker.on("error", (error) => tell(`the process ends: ${error.message}`));
  worker.on("exit", () => tell("the process ends"));
  try {
    for (const [play, what] of plays.entries()) {
      const caught = await new Promise<string | undefined>((settle) => {
        const timer = setTimeout(() => settle("it never ends"), PLAY_MS);
        tell = (said) => {
          clearTimeout(timer);
          settle(said);
        };
        worker.postMessage(what);
      });
      if (caught !== undefined) return { caught: caught.split("\n")[0] ?? "", play };
    }
    return { caught: undefined, play: plays.length };
  } finally {
    await worker.terminate();
    rmSync(bundle, { force: true });
  }
}
