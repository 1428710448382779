import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { runCommand } from "../../../runtime/diagnostics/command/devices.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import { vaultRig } from "../../support/vault-rig.ts";
import { sensesRig } from "../senses/rig.ts";

const { test, run } = suite("guichet devices");

/** Runs one command to its end, or until `stop`. */
function command(state: string, words: string, stop = new AbortController()) {
  const lines: string[] = [];
  const troubles: string[] = [];
  const out = { line: (text: string) => lines.push(text), trouble: (text: string) => troubles.push(text) };
  const code = runCommand(["devices", ...words.split(" "), "--state", state], out, stop.signal);
  return { lines, troubles, code, stop, all: () => [...lines, ...troubles].join("\n") };
}

test("list says of every device what it is, how it stands and its figures", async (t) => {
  const rig = await sensesRig(t);
  const list = command(rig.state, "list");
  assert.is(await list.code, 0);
  assert.match(
    list.all(),
    /finger\.front +fingerprint +ready +ok\n {4}fingerprint\.ef01: .*R503.*serial \/dev\/finger/,
  );
  assert.match(list.all(), /sensor\.cabinet[\s\S]*i2c 1:0x76[\s\S]*answered .* ago; .*0 reconnects/);
  assert.match(list.all(), /The vault cannot be asked: .*diagnostic\.notRunning/);

  const json = command(rig.state, "list --json");
  assert.is(await json.code, 0);
  const rows = json.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const finger = rows.find(({ role }) => role === "finger.front");
  assert.is(finger?.process, "senses");
  assert.is(finger?.lifecycle, "ready");
  assert.is((finger?.health as { consecutiveFailures: number } | undefined)?.consecutiveFailures, 0);
});

test("a device that is away is listed with cause and remedy", async (t) => {
  const rig = await sensesRig(t);
  rig.module.stop();
  rig.plant.unplug("sensor.cabinet");
  await eventually("it is missed", async () => {
    const list = command(rig.state, "list");
    await list.code;
    return /sensor\.cabinet[^\n]*failed\n[^\n]*\n {4}device\.noReply \(hardware\).*technician: Check its cable/.test(
      list.all(),
    );
  });
});

test("capture shows raw frames with direction and time, and what a verb did, until its time is over", async (t) => {
  const rig = await sensesRig(t);
  const capture = command(rig.state, "capture sensor.cabinet --seconds 2");
  await eventually("it listens", async () => {
    const read = await rig.core.call("sensor.read", {});
    return read.ok && /read begins/.test(capture.all());
  });
  assert.is(await capture.code, 0);
  assert.match(capture.all(), /^\d\d:\d\d:\d\d\.\d{3} {2}host > device {2}[0-9A-F]{2}/m);
  assert.match(capture.all(), /device > host {2}([0-9A-F]{2} ?)+$/m);
  assert.match(capture.all(), /-- read begins +\(#\d+\)\n[\s\S]*-- #\d+ ends: ok/);

  const past = command(rig.state, "capture finger.front --past --seconds 0.2 --json");
  assert.is(await past.code, 0);
  const frames = past.lines.map((line) => JSON.parse(line) as { entry: { event?: string; hex?: string } });
  assert.ok(frames.some(({ entry }) => entry.event === "opened 57600"));
  assert.ok(frames.some(({ entry }) => entry.hex?.startsWith("ef01ffffffff01")));
});

test("test has a device test itself and tells the technician what to do", async (t) => {
  const rig = await sensesRig(t);
  const internal = command(rig.state, "test finger.front");
  assert.is(await internal.code, 0, internal.all());
  assert.match(
    internal.all(),
    /finger\.front, internal test: passed\. Nothing was moved\.\n {2}good {2}parameters/,
  );

  const interactive = command(rig.state, "test finger.front --interactive");
  await eventually("it asks", () => interactive.lines.some((line) => /Lay a finger/.test(line)));
  const status = command(rig.state, "list");
  await status.code;
  assert.match(status.all(), /finger\.front +fingerprint +maintenance/);
  rig.plant.placeFinger("finger.front", "ada", 2);
  assert.is(await interactive.code, 0, interactive.all());
  assert.match(interactive.all(), /good {2}image\.quality \d+ %/);
  await eventually("it is back in service", async () => {
    const after = command(rig.state, "list");
    await after.code;
    return /finger\.front +fingerprint +ready/.test(after.all());
  });

  const none = command(rig.state, "test sensor.cabinet --external");
  assert.is(await none.code, 1);
  assert.match(none.all(), /diagnostic\.noSuchTest[\s\S]*--internal/);
});

test("a test of what moves asks it how it is, and nothing else", async (t) => {
  const rig = await vaultRig(t);
  const vault = await startVault({ state: rig.state, ports: systemPorts() });
  t.after(() => vault.stop());
  await rig.client();
  for (const level of ["external", "interactive"]) {
    const refused = command(rig.state, `test lock.main --${level}`);
    assert.is(await refused.code, 1);
    assert.match(refused.all(), /diagnostic\.moves: This device moves things[\s\S]*signed permission/);
  }
  const internal = command(rig.state, "test lock.main --internal");
  assert.is(await internal.code, 0, internal.all());
  assert.match(internal.all(), /good {2}answers/);
  assert.is(rig.motions(), 0);
});

test("watch tells what happens, numbered, with both clocks", async (t) => {
  const rig = await sensesRig(t);
  const watch = command(rig.state, "watch finger.front");
  const other = command(rig.state, "test finger.front --interactive");
  await eventually("it tells", () => watch.lines.some((line) => /maintenance/.test(line)));
  watch.stop.abort();
  assert.is(await watch.code, 0);
  assert.match(
    watch.all(),
    /^\d\d:\d\d:\d\d\.\d{3} {2}finger\.front +#\d+ +statusChanged {2}maintenance.*\(boot \w{6}, \d+\.\d{3} s up\)$/m,
  );
  rig.plant.placeFinger("finger.front", "ada", 2);
  await other.code;
});

test("what cannot be done is said with code and remedy", async (t) => {
  const rig = await sensesRig(t);
  const unknown = command(rig.state, "capture finger.back");
  assert.is(await unknown.code, 1);
  // The vault may have it, and does not run.
  assert.match(unknown.all(), /diagnostic\.notRunning/);
  const watched = command(rig.state, "watch finger.back");
  assert.is(await watched.code, 1);
  assert.match(watched.all(), /diagnostic\.unknownRole[\s\S]*guichet devices list/);
  const nowhere = mkdtempSync(join(tmpdir(), "guichet-nowhere-"));
  t.after(() => rmSync(nowhere, { recursive: true }));
  const stopped = command(nowhere, "list --json");
  assert.is(await stopped.code, 1);
  assert.is(
    (JSON.parse(stopped.lines[0] ?? "") as { error: { code: string } }).error.code,
    "diagnostic.notRunning",
  );
  for (const words of [
    "frobnicate",
    "test",
    "capture a b",
    "list --nonsense",
    "test a --internal --external",
  ]) {
    const wrong = command(rig.state, words);
    assert.is(await wrong.code, 2, words);
    assert.match(wrong.all(), /guichet devices list +every device[\s\S]*diagnostic\.usage/);
  }
});

run();
