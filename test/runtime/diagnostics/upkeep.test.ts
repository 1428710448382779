import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { reasonsAgainst, runUpkeep } from "../../../runtime/diagnostics/command/upkeep.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import { vaultRig } from "../../support/vault-rig.ts";

const { test, run } = suite("guichet rest", 60_000);

/** Runs one command to its end. */
function command(state: string, ...words: string[]) {
  const lines: string[] = [];
  const troubles: string[] = [];
  const out = { line: (text: string) => lines.push(text), trouble: (text: string) => troubles.push(text) };
  const code = runUpkeep([...words, "--state", state], out, new AbortController().signal);
  return { lines, troubles, code };
}

test("an open door and staff at work keep a unit from being stopped; items are counted", async (t) => {
  const rig = await vaultRig(t);
  const vault = await startVault({ state: rig.state, ports: systemPorts() });
  t.after(() => vault.stop());
  const client = await rig.client();
  symlinkSync("config", join(rig.state, "committed"));
  assert.equal(
    await reasonsAgainst(rig.state),
    [{ why: "trial" }],
    "what is active is not what was committed",
  );
  rmSync(join(rig.state, "committed"));
  assert.equal(await reasonsAgainst(rig.state), []);
  const empty = command(rig.state, "items");
  assert.is(await empty.code, 0);
  assert.equal(empty.lines, ["0"]);

  const where = await rig.load(client, ["ITEM-1", "ITEM-2"]);
  const two = command(rig.state, "items");
  assert.is(await two.code, 0);
  assert.equal(two.lines, ["2"]);
  assert.is(await command(rig.state, "rest").code, 0);

  const begun = await client.call("exchange.begin", {
    credentials: [rig.credential("anna"), rig.credential("bert")],
  });
  assert.ok(begun.ok);
  assert.equal(await reasonsAgainst(rig.state), [{ why: "exchange" }]);
  const slot = where["ITEM-1"] ?? "";
  const unloading = await client.call("exchange.unload", { exchange: begun.value.body.exchange, slot });
  assert.ok(unloading.ok);
  await eventually("its latch is open", async () =>
    (await reasonsAgainst(rig.state)).some((reason) => reason.why === "doorOpen" && reason.slot === slot),
  );
  const refused = command(rig.state, "rest");
  assert.is(await refused.code, 1);
  assert.match(refused.troubles.join("\n"), /^diagnostic\.notAtRest: .*slot \d: its door is open/);

  // Somebody waits: it goes on as soon as the last reason is gone.
  const waiting = command(rig.state, "rest", "--wait", "30");
  await eventually("it says what it waits for", () => /its door is open/.test(waiting.lines.join()));
  rig.takeFrom(slot);
  await eventually("it is closed", async () => {
    const ended = await client.call("exchange.end", { exchange: begun.value.body.exchange });
    return ended.ok;
  });
  assert.is(await waiting.code, 0);
});

test("somebody at the screen keeps a unit from being stopped; one that does not run is at rest", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-upkeep-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  assert.is(await command(state, "rest").code, 0);
  assert.is(await command(state, "items").code, 1, "what lies in it is not known");
  mkdirSync(join(state, "run", "core"), { recursive: true });
  let at = "visit";
  const core = createServer((_, response) => response.end(JSON.stringify({ state: at })));
  await new Promise<void>((resolve) => core.listen(join(state, "run", "core", "socket"), resolve));
  t.after(() => core.close());
  assert.is(await command(state, "rest").code, 1);
  at = "rest";
  assert.is(await command(state, "rest").code, 0);
  assert.is(await command(state, "rest", "--wait", "soon").code, 2);
  assert.is(await command(state, "rest", "items").code, 2);
});

run();
