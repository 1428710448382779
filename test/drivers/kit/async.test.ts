import * as assert from "uvu/assert";
import { type Deferred, defer, shared } from "../../../drivers/kit/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("kit: async");

test("what is shared runs once at a time; who asks meanwhile gets the next answer, one for all", async () => {
  const runs: Deferred<number>[] = [];
  let running = 0;
  let atOnce = 0;
  const ask = shared(async () => {
    atOnce = Math.max(atOnce, ++running);
    const run = defer<number>();
    runs.push(run);
    try {
      return await run.promise;
    } finally {
      running--;
    }
  });
  const first = ask();
  const later = Array.from({ length: 50 }, () => ask());
  assert.is(runs.length, 1);
  runs[0]?.resolve(1);
  assert.is(await first, 1);
  while (runs.length < 2) await Promise.resolve();
  const afterwards = ask();
  runs[1]?.reject(new Error("lost"));
  const failed = await Promise.all(later.map((one) => one.catch((error: Error) => error.message)));
  assert.equal(new Set(failed), new Set(["lost"]));
  while (runs.length < 3) await Promise.resolve();
  runs[2]?.resolve(3);
  assert.is(await afterwards, 3, "a run that failed is none for those after it");
  assert.equal([runs.length, atOnce], [3, 1]);
});

run();
