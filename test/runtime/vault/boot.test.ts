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
  const { id } = await thisBoot(state, { battery: true });
  assert.is((await thisBoot(state, { battery: true })).id, id);
  // A start that was killed while it wrote leaves a boot that nobody has seen.
  writeFileSync(join(state, "run", "vault", "boot"), id.slice(0, 7));
  const after = await thisBoot(state, { battery: true });
  assert.is.not(after.id, id);
  assert.is((await thisBoot(state, { battery: true })).id, after.id);
  rmSync(join(state, "run"), { recursive: true });
  assert.not.ok([id, after.id].includes((await thisBoot(state, { battery: true })).id));
});

test("the time since the computer was started goes on, and no clock that is set changes it", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-boot-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { uptime } = await thisBoot(state, { battery: true });
  const wall = Date.now;
  t.after(() => {
    Date.now = wall;
  });
  const before = uptime();
  Date.now = () => wall() - 3_600_000;
  const [after, kernels] = [uptime(), osUptime() * 1000];
  assert.ok(before > 0 && before <= after && after <= kernels && kernels - before < 10_000);
});

test("a clock is kept where its chip has a battery, has set the system's time and still tells it", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-boot-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const wall = Date.UTC(2026, 10, 24, 8);
  const kept = async (battery = true) => (await thisBoot(state, { battery, rtc: state, wall })).clockKept;
  assert.is(await kept(), false, "there is no chip");
  const says = (hctosys: string, epoch: number) => {
    writeFileSync(join(state, "hctosys"), `${hctosys}\n`);
    writeFileSync(join(state, "since_epoch"), `${Math.floor(epoch / 1000)}\n`);
  };
  says("1", wall - 20_000);
  assert.is(await kept(), true);
  assert.is(await kept(false), false, "without a battery");
  says("0", wall);
  assert.is(await kept(), false, "the system was set from elsewhere");
  // A chip that lost its time begins in 1970; what the system then takes for the time was saved before the cut.
  says("1", 0);
  assert.is(await kept(), false, "its time was lost");
  says("1", wall + 120_000);
  assert.is(await kept(), false, "it tells another time");
});

run();
