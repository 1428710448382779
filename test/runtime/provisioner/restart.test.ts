import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { systemdTrial } from "../../../runtime/provisioner/systemd.ts";
import { eventually, suite } from "../../kit.ts";

const { test, run } = suite("restarts that the provisioner asks for");

test("it waits until who may restart has taken the wish away, and sees then that the core is missing", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-restart-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  mkdirSync(join(state, "run", "restart"), { recursive: true });
  const wanted = join(state, "run", "restart", "wanted");
  const trial = systemdTrial(state, systemClock);
  let over = false;
  const restart = trial.restart().then(() => {
    over = true;
  });
  await eventually("it asks", () => existsSync(wanted));
  assert.is(over, false);
  rmSync(wanted);
  await restart;
  assert.equal(await trial.missing(), ["core"]);
});

test("where nobody listens, whoever calls starts the processes", async () => {
  const trial = systemdTrial("/nonexistent", systemClock);
  await trial.restart();
  assert.equal(await trial.missing(), []);
});

run();
