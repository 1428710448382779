import * as assert from "uvu/assert";
import { startVault } from "../../../runtime/vault/index.ts";
import { suite } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { collect, type WireRig, wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";
import { putIn } from "./staff-rules.ts";

const { test, run } = suite("vault staff");

async function openExchange(rig: WireRig, client: VaultClient): Promise<string> {
  const begun = await client.call("exchange.begin", {
    credentials: [rig.papers.credential("anna"), rig.papers.credential("bert")],
  });
  if (!begun.ok) throw begun.error;
  assert.is(begun.value.body.witness, true);
  return begun.value.body.exchange;
}

const stateOf = async (client: VaultClient, slot: string) => {
  const status = await client.call("status", {});
  if (!status.ok) throw status.error;
  return status.value.body.slots.find((row) => row.slot === slot)?.state;
};

/** Staff unlock one slot to empty it; `act` is what they do at the open door. Answers the last phase, or the refusal. */
async function emptied(
  client: VaultClient,
  exchange: string,
  slot: string,
  act: () => void,
): Promise<string> {
  const end = new Promise<string>((resolve) => {
    const off = client.on("exchange", ({ phase }) => {
      if (phase === "opened") act();
      if (phase === "opened" || phase === "unlocked") return;
      off();
      resolve(phase);
    });
  });
  const asked = await client.call("exchange.unload", { exchange, slot });
  return asked.ok ? end : asked.error.code;
}

test("staff take an item back; one that stays inside, a jammed bolt and a busy door change nothing wrongly", async (t) => {
  const rig = await wireRig(t);
  await rig.seed({ "ITEM-1": "1", "ITEM-2": "2", "ITEM-3": "3" });
  const client = await rig.start(startVault);
  const exchange = await openExchange(rig, client);
  assert.is(await emptied(client, exchange, "1", () => rig.takeFrom("1")), "empty");
  assert.is(await stateOf(client, "1"), "empty");
  rig.plant.setJammed("2", true);
  assert.is(await emptied(client, exchange, "2", () => undefined), "stored");
  assert.is(await stateOf(client, "2"), "loaded");
  rig.plant.setJammed("2", false);
  rig.plant.openDoor("3", true);
  assert.is(await emptied(client, exchange, "3", () => undefined), "vault.slotBusy");
  rig.plant.closeDoor("3");
  assert.is(await stateOf(client, "3"), "loaded");
  const closeOnIt = () => {
    rig.plant.openDoor("3");
    rig.plant.closeDoor("3");
  };
  assert.is(await emptied(client, exchange, "3", closeOnIt), "presented");
  assert.is(await emptied(client, exchange, "4", () => undefined), "vault.notLoaded");
  const ended = await client.call("exchange.end", { exchange });
  assert.ok(ended.ok);
  assert.equal(ended.value.body, { loaded: 0, unloaded: 1 });
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-2")), "taken");
});

test("a presented slot that staff are emptying is not called taken meanwhile", async (t) => {
  const rig = await wireRig(t);
  await rig.seed({ "ITEM-1": "1" });
  const client = await rig.start(startVault);
  const leave = (slot: string) => {
    rig.plant.openDoor(slot);
    rig.plant.closeDoor(slot);
  };
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1"), leave), "presented");
  const exchange = await openExchange(rig, client);
  assert.is(await emptied(client, exchange, "1", () => rig.takeFrom("1")), "empty");
  const journal = await client.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  assert.equal(
    journal.value.body.rows.filter(({ event }) => event === "handover.outcome").map(({ outcome }) => outcome),
    ["presented"],
  );
});

test("an item that vanishes behind a door that stays shut is not called taken", async (t) => {
  const rig = await wireRig(t);
  await rig.seed({ "ITEM-1": "1" });
  const client = await rig.start(startVault);
  const leave = (slot: string) => {
    rig.plant.openDoor(slot);
    rig.plant.closeDoor(slot);
  };
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1"), leave), "presented");
  rig.plant.setItemSensor("1", "stuckAbsent");
  await new Promise((resolve) => setTimeout(resolve, 1_600)); // one round of the watch, and nothing may come of it
  assert.is(await stateOf(client, "1"), "presented");
});

test("an exchange ends with its credentials, and with a restart", async (t) => {
  const rig = await wireRig(t);
  let client = await rig.start(startVault);
  let exchange = await openExchange(rig, client);
  rig.clock.wallOffset += 601_000;
  assert.is(code(await client.call("exchange.end", { exchange })), "vault.noExchange");
  rig.clock.wallOffset = 0;
  exchange = await openExchange(rig, client);
  await rig.stop();
  client = await rig.start(startVault);
  assert.is(await putIn(rig, client, exchange, "ITEM-9"), "vault.noExchange");
  assert.is(rig.unlocks(), 0);
});

test("without item sensors two people vouch for what is stored, and a hand-over is presented at best", async (t) => {
  const rig = await wireRig(t, { itemSensors: false });
  const client = await rig.start(startVault);
  const exchange = await openExchange(rig, client);
  assert.is(await putIn(rig, client, exchange, "ITEM-1"), "stored");
  assert.is(code(await client.call("exchange.end", { exchange })), "ok");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "presented");
});

test("an orderly end in mid-hand-over leaves the outcome to the next start", async (t) => {
  const rig = await wireRig(t);
  await rig.seed({ "ITEM-1": "1" });
  let client = await rig.start(startVault);
  const voucher = rig.papers.voucher("ITEM-1");
  const opened = new Promise<void>((resolve) => {
    client.on("handover", ({ phase }) => phase === "opened" && resolve());
  });
  void collect(rig, client, voucher, () => undefined, "command-x");
  await opened;
  await rig.stop();
  rig.takeFrom("1");
  client = await rig.start(startVault);
  const answer = await client.call("collect.outcome", { command: "command-x" });
  assert.ok(answer.ok);
  assert.is(answer.value.body.handover?.outcome, "taken");
  assert.is(rig.unlocks(), 1);
});

run();
