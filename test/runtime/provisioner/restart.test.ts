import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Clock, defer, isFault, systemClock } from "../../../drivers/kit/index.ts";
import { socketOf } from "../../../runtime/ipc/index.ts";
import { refuseStranger } from "../../../runtime/provisioner/owner.ts";
import { askForRestart, systemdTrial } from "../../../runtime/provisioner/systemd.ts";
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

test("a wish whose restart is still under way is waited for, and not taken for one's own", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-restart-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const folder = join(state, "run", "restart");
  mkdirSync(folder, { recursive: true });
  const wanted = join(folder, "wanted");
  writeFileSync(wanted, "of before");
  const looked = defer<void>();
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      looked.resolve();
      return systemClock.sleep(ms / 20, signal);
    },
  };
  let over = false;
  const restart = askForRestart(folder, clock).then(() => {
    over = true;
  });
  await looked.promise;
  assert.is(readFileSync(wanted, "utf8"), "of before");
  rmSync(wanted);
  await eventually("it asks", () => existsSync(wanted));
  assert.is(over, false);
  rmSync(wanted);
  await restart;
});

test("a wish that nobody takes away is waited for only so long", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-restart-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const wanted = join(state, "wanted");
  writeFileSync(wanted, "of before");
  let now = 0;
  const clock: Clock = {
    ...systemClock,
    mono: () => now,
    sleep: async (ms) => {
      await new Promise((resolve) => setImmediate(resolve));
      now += ms;
      if (existsSync(wanted) && readFileSync(wanted, "utf8") === "") rmSync(wanted);
    },
  };
  await askForRestart(state, clock);
  assert.ok(now >= 110_000 && now < 115_000, String(now));
});

test("a screen is missed only where a browser is installed", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-restart-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  mkdirSync(join(state, "run", "restart"), { recursive: true });
  mkdirSync(join(state, "run", "core"), { recursive: true });
  const said = { ready: true, painted: false, link: true, broken: [], missing: {} };
  const core = createServer((_, response) => void response.end(JSON.stringify(said)));
  core.listen(socketOf(state, "core"));
  t.after(() => void core.close());
  await once(core, "listening");
  const installed = join(state, "cage");
  writeFileSync(installed, "");
  const missing = (...browser: string[]) => systemdTrial(state, systemClock, browser).missing();
  assert.equal(await missing(installed), ["screen"]);
  assert.equal(await missing(installed, join(state, "chromium")), []);
});

test("where nobody listens, whoever calls starts the processes", async () => {
  const trial = systemdTrial("/nonexistent", systemClock);
  await trial.restart();
  assert.equal(await trial.missing(), []);
});

test("bundles are taken by hand as the user whose the state is, and as nobody else", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-owner-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const { uid } = statSync(state);
  await refuseStranger(state);
  const why = await refuseStranger(state, uid + 1).catch((error: unknown) => error);
  assert.ok(isFault(why, "bundle.wrongUser"));
  assert.equal(why.fields, { user: uid + 1, owner: uid });
  assert.match(why.row.todo, /runuser -u guichet-provisioner -- .* --take FOLDER/);
});

run();
