import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { CURSOR } from "../../../runtime/core/collections/index.ts";
import { openCoreStore } from "../../../runtime/core/store/index.ts";
import { reasonsAgainst, runUpkeep } from "../../../runtime/diagnostics/command/upkeep.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import { vaultRig } from "../../support/vault-rig.ts";

const { test, run } = suite("guichet rest");

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
  assert.is(await refused.code, 3);
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
  const waiting = command(state, "waiting");
  assert.is(await waiting.code, 0, "it has served nobody");
  assert.equal(waiting.lines, ["0"]);
  mkdirSync(join(state, "run", "core"), { recursive: true });
  let at = "visit";
  const core = createServer((_, response) => response.end(JSON.stringify({ state: at })));
  await new Promise<void>((resolve) => core.listen(join(state, "run", "core", "socket"), resolve));
  t.after(() => core.close());
  assert.is(await command(state, "rest").code, 3, "not 1, with which Node ends by itself");
  at = "rest";
  assert.is(await command(state, "rest").code, 0);
  assert.is(await command(state, "rest", "--wait", "soon").code, 2);
  assert.is(await command(state, "rest", "items").code, 2);
});

test("submissions that the centre has not received, rejected ones too, and rows of the journal are counted", async (t) => {
  const rig = await vaultRig(t);
  const waiting = async () => {
    const { code, lines, troubles } = command(rig.state, "waiting");
    return (await code) === 0 ? Number(lines[0]) : String(troubles[0]).split(":")[0];
  };
  const core = async (...sql: [string, ...(string | number)[]][]) => {
    const store = await openCoreStore(rig.state);
    for (const [text, ...values] of sql) await store.tx((tx) => tx.run(text, ...values));
    await store.close();
  };
  const submission = (state: string): [string, string, string, string] => [
    "INSERT INTO submissions (sid, reference, manifest, manifest_hash, size, state, created_at) VALUES (?, ?, '', '', 0, ?, 0)",
    `sid-${state}`,
    `reference-${state}`,
    state,
  ];
  await core(submission("queued"), submission("rejected"));
  assert.is(await waiting(), 2, "there never was a vault");

  const vault = await startVault({ state: rig.state, ports: systemPorts() });
  t.after(() => vault.stop());
  const client = await rig.client();
  await rig.load(client, ["ITEM-1"]);
  const rows = await client.call("journal.read", { after: 0 });
  assert.ok(rows.ok);
  const all = rows.value.body.rows.length;
  assert.ok(all > 2, String(all));
  assert.is(await waiting(), 2 + all);
  await core([`INSERT INTO settings (key, value) VALUES ('${CURSOR}', ?)`, all - 1]);
  assert.is(await waiting(), 3, "the centre has said how far it is");
  await core([`UPDATE settings SET value = ${all}`], ["DELETE FROM submissions"]);
  assert.is(await waiting(), 0);

  const held = await openCoreStore(rig.state);
  await held.probe();
  assert.is(await waiting(), "store.busy", "the core runs");
  await held.close();
  await vault.stop();
  assert.is(await waiting(), "diagnostic.notRunning", "what the journal holds is not known");
  writeFileSync(join(rig.state, "store", "store.db"), "no database");
  assert.is(await waiting(), "store.corrupt");
});

run();
