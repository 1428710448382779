import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { type Edit, linkSimulation } from "../simulate/engine/link.ts";
import type { Played } from "../simulate/worker.ts";

/** How a mutant came to light: the first violation, or that a world took too long, or nothing within the worlds given. */
export interface Hunt {
  caught: string | undefined;
  seed: number;
  worlds: number;
}

/** A world takes well under a second; one that takes this long in a mutant never ends. */
const WORLD_MS = 60_000;
let bundles = 0;

/** Plays up to `worlds` worlds on a vault with these edits, from `seed` on, until one fails. */
export async function hunt(edits: readonly Edit[], seed: number, worlds: number): Promise<Hunt> {
  const bundle = resolve(`dist/mutant-${process.pid}-${bundles++}.mjs`);
  try {
    await linkSimulation(bundle, edits);
  } catch (error) {
    if (String(error).includes("has not exactly one place")) throw error;
    return { caught: "does not build", seed, worlds: 0 };
  }
  const worker = new Worker(bundle);
  let tell: (what: string | undefined) => void = () => undefined;
  worker.on("message", ({ violations }: Played) => tell(violations[0]));
  worker.on("error", (error) => tell(`the process ends: ${error.message}`));
  worker.on("exit", () => tell("the process ends"));
  try {
    for (let i = 0; i < worlds; i++) {
      const caught = await new Promise<string | undefined>((settle) => {
        const timer = setTimeout(() => settle("a world never ends"), WORLD_MS);
        tell = (what) => {
          clearTimeout(timer);
          settle(what);
        };
        worker.postMessage(seed + i);
      });
      if (caught !== undefined) return { caught: caught.split("\n")[0] ?? "", seed: seed + i, worlds: i + 1 };
    }
    return { caught: undefined, seed, worlds };
  } finally {
    await worker.terminate();
    rmSync(bundle, { force: true });
  }
}
