import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { hotplugRig, SERIAL } from "./rig.ts";
import { ABSENT_MS, BACK_MS, trial } from "./trial.ts";

const { test, run } = suite("cables pulled in the middle of a frame", 120_000);

/** The limits are for a machine that does nothing else; `make bench-hotplug` keeps them. */
const LOADED = 3;

test("each device is absent, then serves again under another name, and its neighbours hear nothing of it", async (t) => {
  const rig = await hotplugRig();
  t.after(() => rig.stop());
  // Half an answer of the first two, a question of the others.
  for (const index of [0, 1, SERIAL.length + 2, SERIAL.length + 3]) {
    const { role, absentMs, answeredMs, backMs, wrong } = await trial(rig, index, Math.random);
    assert.equal(wrong, []);
    assert.ok(absentMs < LOADED * ABSENT_MS, `${role} absent after ${absentMs} ms`);
    assert.ok((answeredMs ?? 0) < LOADED * ABSENT_MS, `${role} answered after ${answeredMs} ms`);
    assert.ok(backMs < LOADED * BACK_MS, `${role} back after ${backMs} ms`);
  }
});

run();
