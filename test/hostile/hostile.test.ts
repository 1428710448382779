import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { siege } from "./siege.ts";

const { test, run } = suite("hostile core", 120_000);

test("1,500 hostile messages move nothing, while every request of an honest core works (make hostile: more)", async () => {
  const { messages, valid, handovers, failures } = await siege(1_500, 60, 7);
  assert.equal(failures, []);
  assert.ok(messages >= 1_500 && valid >= 60 && handovers >= 16);
});

run();
