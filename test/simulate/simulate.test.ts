import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { linkSimulation } from "./engine/link.ts";
import type { play as Play } from "./worker.ts";

const { test, run } = suite("simulation", 120_000);

mkdirSync("dist", { recursive: true });
const bundle = resolve(`dist/simulate-test-${process.pid}.mjs`);
await linkSimulation(bundle);
const { play } = (await import(pathToFileURL(bundle).href)) as { play: typeof Play };
rmSync(bundle);

test("2,000 hand-overs, loadings and unloadings with a fault at each: no rule is broken (make simulate: more)", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { violations, tally } = await play(seed);
    assert.equal(violations, []);
    assert.ok(Object.values(tally.operations).reduce((a, b) => a + b, 0) >= 100);
  }
});

test("a seed gives the same world again, to the last line and millisecond", async () => {
  const trace = async () => {
    const lines: string[] = [];
    await play(11, 60, (line) => void lines.push(line));
    return lines;
  };
  const first = await trace();
  await play(12, 30);
  assert.ok(first.length > 500);
  assert.equal(await trace(), first);
});

run();
