import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import type { ScreenModel } from "../../runtime/core/screen/model.ts";
import { startStack } from "../../runtime/dev/stack.ts";
import { eventually, suite } from "../kit.ts";
import { hotplugRig } from "./rig.ts";
import { ScreenClient } from "./screen-client.ts";

const { test, run } = suite("a driver that holds its device", 240_000);

const preload = `--require ${resolve("test/hotplug/wedge.cjs")}`;

test("the vault whose lock line hangs in a write ends by SIGALRM at its deadline; started anew it serves", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-wedge-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const WEDGE = join(folder, "wedge");
  const rig = await hotplugRig({ WEDGE, NODE_OPTIONS: preload });
  t.after(() => rig.stop());
  const away = rig.chronicle.next("lock.main", "faulted");
  writeFileSync(WEDGE, `write ${rig.bench.serialPath("lock.main")}`);
  const begun = performance.now();
  const { vault, senses } = rig.processes;
  await eventually("the vault has ended", () => vault.lastEnd(), 60_000);
  const took = performance.now() - begun;
  assert.equal(vault.lastEnd(), { code: null, signal: "SIGALRM" });
  assert.ok((await away) > begun);
  // Two probes and the close, a device time (2 s) each.
  assert.ok(took < 20_000, `it took ${took} ms`);
  const client = await rig.connectVault();
  t.after(() => client.close());
  await eventually("the vault serves again", async () => {
    const status = await client.call("status", {});
    return status.ok && status.value.body.devices.every(({ lifecycle }) => lifecycle === "ready");
  });
  assert.is(senses.starts(), 1);
});

test("the senses whose fingerprint line hangs are started anew, and the visit on the screen goes on", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "guichet-wedge-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const WEDGE = join(data, "wedge");
  const stack = await startStack({
    data,
    portBase: 21_150,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    env: { WEDGE, NODE_OPTIONS: preload },
  });
  t.after(() => stack.stop());
  const [ada] = stack.bench.people;
  const { unit } = stack;
  assert.ok(ada && unit);
  const screen = await ScreenClient.open(await unit.screen());
  t.after(() => screen.close());

  const is = (kind: ScreenModel["view"]["kind"]) => (model: ScreenModel) => model.view.kind === kind;
  await screen.sees(
    "a service on offer",
    ({ view }) => view.kind === "attract" && view.services.some(({ unavailable }) => !unavailable),
  );
  await screen.send({ type: "action", id: "begin" });
  await screen.sees("the services", is("choose"));
  await screen.send({ type: "choose", id: "one-stop" });
  await screen.sees("the notice", is("notice"));
  await screen.send({ type: "accept" });
  for (const [field, value] of [
    ["number", ada.number],
    ["dateOfBirth", ada.dateOfBirth],
  ] as const) {
    const asks = ({ view }: ScreenModel) => view.kind === "entry" && view.field === field;
    await screen.sees(field, asks);
    await screen.send({ type: "text", field, value });
    await screen.until({ type: "next" }, `what comes behind ${field}`, (model) => !asks(model));
  }
  const asked = await screen.sees("the finger", is("finger"));
  const step = asked.chrome.progress?.index ?? 0;
  const senses = unit.pid("senses");

  writeFileSync(WEDGE, `read ${stack.bench.serialPath("finger.front")}`);
  const begun = performance.now();
  // All that the person is shown meanwhile; whoever is asked to try again does.
  const shown = new Set<string>();
  screen.onModel = ({ view }) => {
    shown.add(view.kind);
    if (view.kind === "message" && view.actions.some(({ id }) => id === "again"))
      void screen.send({ type: "action", id: "again" }).catch(() => undefined);
  };
  await eventually(
    "the senses were ended and started anew",
    () => unit.pids().length === 3 && unit.pid("senses") !== senses,
    60_000,
  );
  const took = performance.now() - begun;
  assert.ok(took < 40_000, `it took ${took} ms`);
  stack.bench.plant.placeFinger("finger.front", ada.id, 1);
  const after = await screen.sees("the next step", ({ chrome }) => chrome.progress?.index !== step, 60_000);
  assert.is(after.chrome.progress?.index, step + 1, `after ${[...shown]}`);
  assert.not.ok(shown.has("attract"), "the visit was not begun anew");
});

run();
