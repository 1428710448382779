import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemPorts } from "../../drivers/ports/index.ts";
import { openStore } from "../../drivers/store/index.ts";
import { itemHashOf } from "../../fleet/contract/index.ts";
import { startVault } from "../../runtime/vault/index.ts";
import { eventually, suite, type TestContext } from "../kit.ts";
import type { VaultClient } from "../support/vault-client.ts";
import { buildVaultProgram } from "../support/vault-program.ts";
import { type VaultRig, vaultRig } from "../support/vault-rig.ts";
import { collect, newCommand } from "../support/vault-wire.ts";

/**
 * The real vault over a real serial line, killed at each named step of a hand-over and started again. The plant counts
 * the unlocks, and knows where the item is.
 */
const { test, run } = suite("vault kill");

// Bundled once: a vault is started some forty times here.
const folder = mkdtempSync(join(tmpdir(), "guichet-kill-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const program = await buildVaultProgram(folder);

interface Killable {
  rig: VaultRig;
  /** A vault that dies at `step`; without one it lives. `quietly`: it is asked nothing until it has settled. */
  start(step?: string, quietly?: boolean): Promise<VaultClient>;
  /** Resolves when the vault has died by SIGKILL. */
  died(): Promise<void>;
  kill(): Promise<void>;
}

async function killable(t: TestContext): Promise<Killable> {
  const rig = await vaultRig(t, 2);
  // The ledger is made by a vault in this process, then the item is put where the ledger says.
  await (await startVault({ state: rig.state, ports: systemPorts() })).stop();
  const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
  await store.tx((s) =>
    s.run("UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = '1'", itemHashOf("ITEM-1")),
  );
  await store.close();
  rig.bench.plant.openDoor("1", true);
  rig.bench.plant.putItem("1", "ITEM-1");
  rig.bench.plant.closeDoor("1");

  let child: ChildProcess | undefined;
  let exit: Promise<string | null> = Promise.resolve(null);
  const kill = async () => {
    child?.kill("SIGKILL");
    await exit;
  };
  t.after(kill);
  return {
    rig,
    start: async (step, quietly) => {
      rmSync(join(rig.state, "run", "vault", "socket"), { force: true });
      const env = { ...process.env, GUICHET_KILL_AT: step ?? "" };
      const started = spawn(process.execPath, [program, rig.state], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      started.stderr.resume();
      child = started;
      exit = new Promise((resolve) => started.once("exit", (_, signal) => resolve(signal)));
      if (quietly) await settled(started);
      return rig.client();
    },
    died: async () => assert.is(await exit, "SIGKILL"),
    kill,
  };
}

/** Resolves when the vault says in its log that it is ready. */
function settled(vault: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    vault.stderr?.on("data", (chunk) => String(chunk).includes('"vault.ready"') && resolve());
  });
}

/** Releases ITEM-1 and answers its command; the vault may die under it. */
async function release(rig: VaultRig, client: VaultClient): Promise<{ command: string; voucher: string }> {
  const voucher = rig.voucher("ITEM-1");
  const command = newCommand();
  const begun = await client.call("collect.begin", { voucher });
  if (!begun.ok) throw begun.error;
  const { challenge } = begun.value.body;
  const attestation = rig.attest(voucher, challenge);
  void client.call("collect.release", { command, voucher, challenge, attestation });
  return { command, voucher };
}

async function outcomeOf(client: VaultClient, command: string): Promise<string | undefined> {
  const answer = await client.call("collect.outcome", { command });
  if (!answer.ok) throw answer.error;
  return answer.value.body.handover?.outcome;
}

const retry = (rig: VaultRig, client: VaultClient, voucher: string) =>
  collect({ papers: rig, takeFrom: (slot) => rig.takeFrom(slot) }, client, voucher);

for (const step of ["before-intent", "intent", "before-issued"]) {
  test(`killed at ${step}: nothing moved, the voucher is still good, and the next try ends taken`, async (t) => {
    const { rig, start, died } = await killable(t);
    const { command, voucher } = await release(rig, await start(step));
    await died();
    assert.is(rig.motions(), 0);
    const client = await start();
    assert.is(await outcomeOf(client, command), step === "before-intent" ? undefined : "notMoved");
    assert.is(rig.motions(), 0);
    assert.is(await retry(rig, client, voucher), "taken");
    assert.is(rig.motions(), 1);
  });
}

test("killed at issued, before the byte: notMoved, and the used voucher never moves it again", async (t) => {
  const { rig, start, died } = await killable(t);
  const { command, voucher } = await release(rig, await start("issued"));
  await died();
  const client = await start();
  assert.is(await outcomeOf(client, command), "notMoved");
  assert.is(await retry(rig, client, voucher), "vault.consumed");
  assert.is(rig.motions(), 0);
  assert.is(await retry(rig, client, rig.voucher("ITEM-1", { seq: 2 })), "taken");
  assert.is(rig.motions(), 1);
});

type Act = (rig: VaultRig) => void;
const leaveOpen: Act = (rig) => rig.bench.plant.openDoor("1");
const takeAndLeaveOpen: Act = (rig) => {
  rig.bench.plant.openDoor("1");
  rig.bench.plant.takeItem("1");
};
const take: Act = (rig) => rig.takeFrom("1");
const leaveInside: Act = (rig) => {
  rig.bench.plant.openDoor("1");
  rig.bench.plant.closeDoor("1");
};
/** The item sensor says something else at each look. */
const contradict: Act = (rig) => {
  rig.takeFrom("1");
  const { plant } = rig.bench;
  const sensed = plant.itemSensed.bind(plant);
  let looks = 0;
  plant.itemSensed = (lock, compartment) =>
    compartment === 0 ? looks++ % 2 === 0 : sensed(lock, compartment);
};

/** Steps after the byte, what the person does while the vault is dead, and what it must say then. */
const cases: [step: string, what: string, act: Act, outcome: string][] = [
  ["sent", "nobody touches the door", () => undefined, "presented"],
  ["sent", "the person takes the item and closes the door", take, "taken"],
  ["sent", "the person closes the door on the item", leaveInside, "notMoved"],
  ["sent", "the sensors contradict each other", contradict, "unknown"],
  ["latch-seen", "the person takes the item and leaves the door open", takeAndLeaveOpen, "presented"],
  ["opened", "the door stands open", leaveOpen, "presented"],
  ["opened", "the person takes the item and closes the door", take, "taken"],
  ["opened", "the person closes the door on the item", leaveInside, "presented"],
  ["opened", "the sensors contradict each other", contradict, "unknown"],
];

for (const [step, what, act, outcome] of cases) {
  test(`killed at ${step}, ${what}: ${outcome}, one unlock`, async (t) => {
    const { rig, start, died } = await killable(t);
    const { command, voucher } = await release(rig, await start(step));
    await died();
    // Written is not yet heard by the board, which the process that has died did not wait for.
    await eventually("the lock has moved", () => rig.motions() > 0);
    assert.is(rig.motions(), 1);
    act(rig);
    const client = await start(undefined, act === contradict);
    assert.is(await outcomeOf(client, command), outcome);
    assert.is(await retry(rig, client, voucher), "vault.consumed");
    assert.is(rig.motions(), 1);
    if (outcome === "unknown")
      assert.is(await retry(rig, client, rig.voucher("ITEM-1", { seq: 2 })), "vault.slotUnknown");
    const journal = await client.call("journal.read", { after: 0 });
    assert.ok(journal.ok);
    const row = journal.value.body.rows.find(({ event }) => event === "handover.outcome");
    assert.equal([row?.outcome, row?.detail], [outcome, "afterRestart"]);
  });
}

for (const step of ["closed", "before-outcome", "outcome"]) {
  test(`killed at ${step}, when the person has taken the item: taken`, async (t) => {
    const { rig, start, died } = await killable(t);
    const first = await start(step);
    first.on("handover", ({ phase }) => phase === "opened" && take(rig));
    const { command } = await release(rig, first);
    await died();
    const client = await start();
    assert.is(await outcomeOf(client, command), "taken");
    assert.is(rig.motions(), 1);
  });
}

test("killed again and again while it settles: the outcome comes, and nothing is sent", async (t) => {
  const { rig, start, died, kill } = await killable(t);
  const { command } = await release(rig, await start("opened"));
  await died();
  take(rig);
  rig.bench.plant.unplug("lock.main");
  for (let i = 0; i < 2; i++) {
    void start().catch(() => undefined);
    await eventually("it listens", () => existsSync(join(rig.state, "run", "vault", "socket")));
    await kill();
  }
  rig.bench.plant.replug("lock.main");
  assert.is(await outcomeOf(await start(), command), "taken");
  assert.is(rig.motions(), 1);
});

test("a door that stands open at the restart and is closed later on nothing: presented, then taken", async (t) => {
  const { rig, start, died } = await killable(t);
  const { command } = await release(rig, await start("opened"));
  await died();
  takeAndLeaveOpen(rig);
  const client = await start();
  assert.is(await outcomeOf(client, command), "presented");
  const empty = new Promise<void>((resolve) => {
    client.on("slots", ({ slots }) => slots.some((s) => s.slot === "1" && s.state === "empty") && resolve());
  });
  rig.bench.plant.closeDoor("1");
  await empty;
  assert.is(await outcomeOf(client, command), "taken");
});

for (const step of ["intent", "issued"]) {
  test(`staff's emptying killed at ${step} with the item inside leaves the slot loaded`, async (t) => {
    const { rig, start, died } = await killable(t);
    const first = await start(step);
    const begun = await first.call("exchange.begin", {
      credentials: [rig.credential("anna"), rig.credential("bert")],
    });
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    void first.call("exchange.unload", { exchange, slot: "1" });
    await died();
    const client = await start();
    const status = await client.call("status", {});
    assert.ok(status.ok);
    assert.is(status.value.body.slots.find(({ slot }) => slot === "1")?.state, "loaded");
    assert.is(status.value.body.exchange, undefined);
    assert.is(rig.motions(), 0);
  });
}

for (const [minutes, expected, end] of [
  [0, "loaded", "taken"],
  [3, "unknown", "vault.slotUnknown"],
] as const) {
  test(`a loading killed after the byte, ${minutes} minutes before the next start: ${expected}`, async (t) => {
    const { rig, start, died } = await killable(t);
    const first = await start("opened");
    const begun = await first.call("exchange.begin", {
      credentials: [rig.credential("anna"), rig.credential("bert")],
    });
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    void first.call("exchange.load", { exchange, item: "ITEM-2", assignment: rig.assignment("ITEM-2") });
    await died();
    rig.bench.plant.openDoor("2");
    rig.bench.plant.putItem("2", "ITEM-2");
    rig.bench.plant.closeDoor("2");
    const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
    const ms = minutes * 60_000;
    await store.tx((s) => s.run("UPDATE effects SET at = at - ?, up = up - ?", ms, ms));
    await store.close();
    const client = await start();
    const status = await client.call("status", {});
    assert.ok(status.ok);
    assert.is(status.value.body.slots.find(({ slot }) => slot === "2")?.state, expected);
    assert.is(rig.motions(), 1);
    assert.is(await retry(rig, client, rig.voucher("ITEM-2")), end);
  });
}

run();
