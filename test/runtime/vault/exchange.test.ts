import * as assert from "uvu/assert";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { collect, handoverOf, newCommand, type WireOptions, wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";

/** Staff at the unit: what they put in, take out and forget, and that nobody else moves anything meanwhile. */
const { test, run } = suite("exchange");

type Rig = Awaited<ReturnType<typeof wireRig>>;
type Hands = (plant: Rig["plant"], slot: string) => void;

async function atWork(t: TestContext, items: Record<string, string> = {}, options: WireOptions = {}) {
  const rig = await wireRig(t, { slots: 3, ...options });
  await rig.seed(items);
  return { rig, client: await rig.start(startVault) };
}

async function begin(rig: Rig, client: VaultClient, unlocks = 60): Promise<string> {
  const credentials = ["anna", "bert"].map((operator) => rig.papers.credential(operator, { unlocks }));
  const begun = await client.call("exchange.begin", { credentials });
  if (!begun.ok) throw begun.error;
  assert.is(begun.value.body.witness, true);
  return begun.value.body.exchange;
}

/** One load or unload, with what hands do at the open door; answers the slot and how it ended, or what refused it. */
async function work(
  rig: Rig,
  client: VaultClient,
  ask: () => ReturnType<VaultClient["call"]>,
  hands: Hands,
): Promise<{ slot: string; end: string }> {
  const seen: { slot: string; phase: string }[] = [];
  const off = client.on("exchange", ({ phase, slot }) => {
    if (phase === "opened") hands(rig.plant, slot);
    seen.push({ slot, phase });
  });
  try {
    const asked = await ask();
    if (!asked.ok) return { slot: "", end: asked.error.code };
    const last = await eventually("the motion's end", () =>
      seen.find(({ phase }) => phase !== "opened" && phase !== "unlocked"),
    );
    return { slot: last.slot, end: last.phase };
  } finally {
    off();
  }
}

/** Assignments outlast the hours that these tests let pass. */
const inTwoHours = () => Math.floor(Date.now() / 1000) + 7_200;

const load = (rig: Rig, client: VaultClient, exchange: string, item: string, hands: Hands) =>
  work(
    rig,
    client,
    () =>
      client.call("exchange.load", {
        exchange,
        item,
        assignment: rig.papers.assignment(item, { exp: inTwoHours() }),
      }) as ReturnType<VaultClient["call"]>,
    hands,
  );
const unload = (rig: Rig, client: VaultClient, exchange: string, slot: string, hands: Hands) =>
  work(
    rig,
    client,
    () => client.call("exchange.unload", { exchange, slot }) as ReturnType<VaultClient["call"]>,
    hands,
  );

const put =
  (item: string): Hands =>
  (plant, slot) => {
    plant.openDoor(slot);
    plant.putItem(slot, item);
    plant.closeDoor(slot);
  };
const takeOut: Hands = (plant, slot) => {
  plant.openDoor(slot);
  plant.takeItem(slot);
  plant.closeDoor(slot);
};
const openAndClose: Hands = (plant, slot) => {
  plant.openDoor(slot);
  plant.closeDoor(slot);
};

async function slotsOf(client: VaultClient) {
  const status = await client.call("status", {});
  if (!status.ok) throw status.error;
  return Object.fromEntries(status.value.body.slots.map((slot) => [slot.slot, slot]));
}

test("items go into the free slots until none is free, and a slot that is emptied is free again", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1" });
  const exchange = await begin(rig, client);
  assert.equal(await load(rig, client, exchange, "ITEM-2", put("ITEM-2")), { slot: "2", end: "stored" });
  assert.equal(await load(rig, client, exchange, "ITEM-3", put("ITEM-3")), { slot: "3", end: "stored" });
  assert.is((await load(rig, client, exchange, "ITEM-4", put("ITEM-4"))).end, "vault.noSlot");
  assert.is(rig.unlocks(), 2);
  assert.equal(await unload(rig, client, exchange, "1", takeOut), { slot: "1", end: "empty" });
  assert.equal(await load(rig, client, exchange, "ITEM-4", put("ITEM-4")), { slot: "1", end: "stored" });
  const ended = await client.call("exchange.end", { exchange });
  assert.ok(ended.ok);
  assert.equal(ended.value.body, { loaded: 3, unloaded: 1 });
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "vault.notLoaded");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-4")), "taken");
});

test("a slot that is full although the ledger calls it empty, or stands open, is not offered", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1" });
  rig.plant.openDoor("2", true);
  rig.plant.putItem("2", "STRAY");
  rig.plant.closeDoor("2");
  rig.plant.openDoor("3", true);
  const exchange = await begin(rig, client);
  assert.is((await load(rig, client, exchange, "ITEM-2", put("ITEM-2"))).end, "vault.noSlot");
  assert.is(rig.unlocks(), 0);
  rig.plant.closeDoor("3");
  assert.equal(await load(rig, client, exchange, "ITEM-2", put("ITEM-2")), { slot: "3", end: "stored" });
});

test("a door that is left open at a loading is unknown, locks the slot out, and is settled by an officer", async (t) => {
  const { rig, client } = await atWork(t);
  const exchange = await begin(rig, client);
  const left = await load(rig, client, exchange, "ITEM-1", (plant, slot) => {
    plant.openDoor(slot);
    plant.putItem(slot, "ITEM-1");
  });
  assert.equal(left, { slot: "1", end: "unknown" });
  assert.is((await load(rig, client, exchange, "ITEM-1", put("ITEM-1"))).end, "vault.itemAlreadyLoaded");
  assert.is(code(await client.call("exchange.end", { exchange })), "ok");
  rig.plant.closeDoor("1");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "vault.slotUnknown");
  const effect = (await slotsOf(client))["1"]?.effect ?? "";
  const settlement = rig.papers.settlement("1", effect, "notMoved");
  assert.is(code(await client.call("settle", { settlement })), "ok");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
});

test("a loading whose door is closed on nothing, or never opens, leaves the slot empty and the item unloaded", async (t) => {
  const { rig, client } = await atWork(t);
  const exchange = await begin(rig, client);
  assert.equal(await load(rig, client, exchange, "ITEM-1", openAndClose), { slot: "1", end: "empty" });
  rig.plant.setJammed("1", true);
  assert.equal(await load(rig, client, exchange, "ITEM-1", put("ITEM-1")), { slot: "1", end: "empty" });
  rig.plant.setJammed("1", false);
  assert.equal(await load(rig, client, exchange, "ITEM-1", put("ITEM-1")), { slot: "1", end: "stored" });
  assert.is(rig.unlocks(), 3);
});

test("an emptying tells what came of it, and an empty or foreign slot is not opened", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1", "ITEM-2": "2" });
  const exchange = await begin(rig, client);
  for (const slot of ["3", "99"])
    assert.is((await unload(rig, client, exchange, slot, takeOut)).end, "vault.notLoaded");
  rig.plant.setJammed("1", true);
  assert.is((await unload(rig, client, exchange, "1", takeOut)).end, "stored");
  assert.is((await slotsOf(client))["1"]?.state, "loaded");
  rig.plant.setJammed("1", false);
  assert.is((await unload(rig, client, exchange, "1", takeOut)).end, "empty");
  // The door was opened and something is still there: nobody gets it, until somebody looks.
  assert.is((await unload(rig, client, exchange, "2", openAndClose)).end, "presented");
  assert.is((await slotsOf(client))["2"]?.state, "presented");
  assert.is((await unload(rig, client, exchange, "2", takeOut)).end, "empty");
  assert.is((await slotsOf(client))["2"]?.state, "empty");
});

test("an emptying whose door does not open tells what the slot was, also when nobody knows what lies there", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1", "ITEM-2": "2" });
  rig.plant.setItemSensor("1", "stuckAbsent");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "vault.contradiction");
  rig.plant.setItemSensor("1", "ok");
  const exchange = await begin(rig, client);
  assert.is((await unload(rig, client, exchange, "2", openAndClose)).end, "presented");
  for (const [slot, state] of [
    ["1", "unknown"],
    ["2", "presented"],
  ] as const) {
    rig.plant.setJammed(slot, true);
    assert.is((await unload(rig, client, exchange, slot, takeOut)).end, state);
    assert.is((await slotsOf(client))[slot]?.state, state);
  }
});

test("the unlocks that a credential pays for are counted over all exchanges, and over a restart", async (t) => {
  const { rig, client } = await atWork(t, {}, { serviceSwitch: "switch.service" });
  rig.inputs.set("switch.service", 1);
  const credentials = [rig.papers.credential("anna", { unlocks: 2 }), rig.papers.credential("bert")];
  const open = async (to: VaultClient) => {
    const begun = await to.call("exchange.begin", { credentials });
    if (!begun.ok) throw begun.error;
    return begun.value.body.exchange;
  };
  const first = await open(client);
  assert.is((await load(rig, client, first, "ITEM-1", put("ITEM-1"))).end, "stored");
  assert.is(code(await client.call("exchange.end", { exchange: first })), "ok");
  await rig.stop();
  const later = await rig.start(startVault);
  const second = await open(later);
  // An unlock that led to nothing was an unlock.
  assert.is((await load(rig, later, second, "ITEM-2", openAndClose)).end, "empty");
  assert.is((await load(rig, later, second, "ITEM-2", put("ITEM-2"))).end, "vault.creditUsed");
  assert.is(code(await later.call("exchange.end", { exchange: second })), "ok");
  assert.is(code(await later.call("exchange.begin", { credentials })), "vault.creditUsed");
  // Bert's credential is not used up; with another person it pays again.
  const others = [rig.papers.credential("carl"), credentials[1] as string];
  assert.is(code(await later.call("exchange.begin", { credentials: others })), "ok");
  assert.is(rig.unlocks(), 2);
});

test("an exchange keeps the public out, a hand-over keeps staff out, and there is one exchange at a time", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1", "ITEM-2": "2" });
  const { papers } = rig;
  const voucher = papers.voucher("ITEM-1");
  const early = await client.call("collect.begin", { voucher });
  assert.ok(early.ok);
  const { challenge } = early.value.body;
  const attestation = papers.attest(voucher, challenge);
  const request = { command: newCommand(), voucher, challenge, attestation };
  const exchange = await begin(rig, client);
  assert.is(code(await client.call("collect.begin", { voucher })), "vault.exchangeOpen");
  // Also what was begun before.
  assert.is(code(await client.call("collect.release", request)), "vault.exchangeOpen");
  const two = { credentials: [papers.credential("carl"), papers.credential("dora")] };
  assert.is(code(await client.call("exchange.begin", two)), "vault.exchangeOpen");
  assert.is(rig.unlocks(), 0);
  assert.is(code(await client.call("exchange.end", { exchange })), "ok");
  assert.is(code(await client.call("exchange.end", { exchange })), "vault.noExchange");
  assert.is((await load(rig, client, exchange, "ITEM-3", put("ITEM-3"))).end, "vault.noExchange");

  let during: string | undefined;
  const done = handoverOf(client, "1", (slot) => {
    void client.call("exchange.begin", two).then((answer) => {
      during = code(answer);
      rig.takeFrom(slot);
    });
  });
  assert.is(code(await client.call("collect.release", request)), "ok");
  assert.is((await done).outcome, "taken");
  assert.is(during, "vault.slotBusy");
  assert.is(code(await client.call("exchange.begin", two)), "ok");
});

test("while a door is open for staff nothing else moves, and an exchange that is ended then ends with the motion", async (t) => {
  const { rig, client } = await atWork(t, { "ITEM-1": "1" });
  const exchange = await begin(rig, client);
  const answers: string[] = [];
  const end = await load(rig, client, exchange, "ITEM-2", (plant, slot) => {
    const assignment = rig.papers.assignment("ITEM-3");
    void Promise.all([
      client.call("exchange.load", { exchange, item: "ITEM-3", assignment }),
      client.call("exchange.unload", { exchange, slot: "1" }),
      client.call("exchange.end", { exchange }),
    ]).then((all) => {
      answers.push(...all.map(code));
      put("ITEM-2")(plant, slot);
    });
  });
  assert.is(end.end, "stored");
  assert.equal(answers, ["vault.slotBusy", "vault.slotBusy", "ok"]);
  assert.is(rig.unlocks(), 1);
  assert.is((await load(rig, client, exchange, "ITEM-3", put("ITEM-3"))).end, "vault.noExchange");
  assert.is(code(await client.call("exchange.end", { exchange })), "vault.noExchange");
  // Without it the next person would wait for a quarter of an hour.
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
  const journal = await client.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  assert.equal(
    journal.value.body.rows
      .filter(({ event }) => event === "exchange.end" || event === "exchange.stored")
      .map(({ event, operator }) => `${event} ${operator}`),
    ["exchange.stored anna+bert", "exchange.end anna+bert"],
  );
});

test("a restart, fifteen idle minutes, and the end of a credential each close the exchange", async (t) => {
  const { rig, client } = await atWork(t);
  const first = await begin(rig, client);
  await rig.stop();
  const later = await rig.start(startVault);
  assert.is((await load(rig, later, first, "ITEM-1", put("ITEM-1"))).end, "vault.noExchange");
  const second = await begin(rig, later);
  rig.clock.monoOffset += 14 * 60_000;
  assert.is((await load(rig, later, second, "ITEM-1", put("ITEM-1"))).end, "stored");
  rig.clock.monoOffset += 16 * 60_000;
  assert.is((await load(rig, later, second, "ITEM-2", put("ITEM-2"))).end, "vault.noExchange");
  // The monotonic clock has run half an hour; papers are made for the time that the vault knows.
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const credentials = ["anna", "bert"].map((who) => rig.papers.credential(who, { exp }));
  const third = await later.call("exchange.begin", { credentials });
  assert.ok(third.ok);
  rig.clock.wallOffset += 3_600_000;
  const over = await later.call("exchange.unload", { exchange: third.value.body.exchange, slot: "1" });
  assert.is(code(over), "vault.noExchange");
  assert.is(rig.unlocks(), 1);
  const journal = await later.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  const ends = journal.value.body.rows.filter(({ event }) => event === "exchange.end");
  assert.equal(
    ends.map(({ operator }) => operator),
    ["restart", "timeout", "timeout"],
  );
});

test("an interlock that is active or cannot be read stops staff too, and is named; the service switch does not", async (t) => {
  const { rig, client } = await atWork(
    t,
    { "ITEM-1": "1" },
    { interlocks: ["door.back", "tamper.cabinet"], serviceSwitch: "switch.service" },
  );
  rig.inputs.set("switch.service", 1);
  const exchange = await begin(rig, client);
  const by = async () => {
    const refused = await client.call("exchange.unload", { exchange, slot: "1" });
    assert.ok(!refused.ok && refused.error.code === "vault.interlocked");
    return refused.error.fields.by;
  };
  rig.inputs.set("door.back", 1);
  assert.is(await by(), "door.back");
  rig.inputs.set("tamper.cabinet", 1);
  assert.is(await by(), "door.back,tamper.cabinet");
  rig.inputs.set("door.back", 0);
  rig.inputs.delete("tamper.cabinet");
  assert.is(await by(), "tamper.cabinet");
  assert.is((await load(rig, client, exchange, "ITEM-2", put("ITEM-2"))).end, "vault.interlocked");
  assert.is(rig.unlocks(), 0);
  rig.inputs.set("tamper.cabinet", 0);
  await rig.client();
  assert.is((await load(rig, client, exchange, "ITEM-2", put("ITEM-2"))).end, "stored");
});

test("the service switch's level is told to whoever asks, and an edge that was missed is made up for", async (t) => {
  const role = "switch.service";
  const { rig, client } = await atWork(t, {}, { serviceSwitch: role });
  const turned = async () => {
    const status = await client.call("status", {});
    if (!status.ok) throw status.error;
    return status.value.body.serviceSwitch;
  };
  assert.is(await turned(), false);
  // Turned without an edge, as before a start.
  rig.inputs.set(role, 1);
  assert.is(await turned(), true);
  const told: boolean[] = [];
  client.on("input", (input) => input.role === role && told.push(input.active));
  rig.inputs.delete(role);
  assert.is(await turned(), false);
  rig.inputs.set(role, 0);
  await eventually("it is told when the board is back", () => told.includes(false));
});

test("without a service switch nothing is said of one", async (t) => {
  const { client } = await atWork(t);
  const status = await client.call("status", {});
  assert.ok(status.ok && status.value.body.serviceSwitch === undefined);
});

test("without item sensors the two people are the evidence: a door that was opened is stored, otherwise empty", async (t) => {
  const { rig, client } = await atWork(t, {}, { itemSensors: false });
  const exchange = await begin(rig, client);
  assert.is((await load(rig, client, exchange, "ITEM-1", put("ITEM-1"))).end, "stored");
  rig.plant.setJammed("2", true);
  assert.is((await load(rig, client, exchange, "ITEM-2", put("ITEM-2"))).end, "empty");
  assert.is(code(await client.call("exchange.end", { exchange })), "ok");
  // What cannot be seen is never called taken.
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "presented");
});

run();
