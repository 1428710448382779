import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { uptime as osUptime, tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { thisBoot } from "../../../runtime/vault/boot.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("boot");

test("a boot is the same for every start in it, and another one when what lay in memory is gone", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-boot-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { id } = await thisBoot(state);
  assert.is((await thisBoot(state)).id, id);
  // A start that was killed while it wrote leaves a boot that nobody has seen.
  writeFileSync(join(state, "run", "vault", "boot"), id.slice(0, 7));
  const after = await thisBoot(state);
  assert.is.not(after.id, id);
  assert.is((await thisBoot(state)).id, after.id);
  rmSync(join(state, "run"), { recursive: true });
  assert.not.ok([id, after.id].includes((await thisBoot(state)).id));
});

test("the time since the computer was started goes on, and no clock that is set changes it", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-boot-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { uptime } = await thisBoot(state);
  const wall = Date.now;
  t.after(() => {
    Date.now = wall;
  });
  const before = uptime();
  Date.now = () => wall() - 3_600_000;
  const [after, kernels] = [uptime(), osUptime() * 1000];
  assert.ok(before > 0 && before <= after && after <= kernels && kernels - before < 10_000);
});

test("a clock is kept when the kernel says that it was set from one with a battery", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-boot-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const said = join(state, "hctosys");
  assert.is((await thisBoot(state, said)).clockKept, false);
  for (const [text, kept] of [
    ["1\n", true],
    ["0\n", false],
  ] as const) {
    writeFileSync(said, text);
    assert.is((await thisBoot(state, said)).clockKept, kept);
  }
});

run();
