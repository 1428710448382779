import * as assert from "uvu/assert";
import type { startVault } from "../../../runtime/vault/index.ts";
import { eventually, type TestContext } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { beginExchange, collect, type WireOptions, wireRig } from "../../support/vault-wire.ts";
import { code, loaded, type Scenario } from "./rules.ts";

/** A hand-over of ITEM-1 whose owner has opened the door, and went. */
async function leftOpen(t: Pick<TestContext, "after">, start: typeof startVault, options?: WireOptions) {
  const { rig, client } = await loaded(t, start, options);
  const outcome = await collect(rig, client, rig.papers.voucher("ITEM-1"), (slot) =>
    rig.plant.openDoor(slot),
  );
  assert.is(outcome, "presented");
  return { rig, client };
}

/** What a presented slot has become. */
const notPresented = (client: VaultClient, slot: string): Promise<string> =>
  eventually("it is settled", async () => {
    const status = await client.call("status", {});
    if (!status.ok) throw status.error;
    const state = status.value.body.slots.find((one) => one.slot === slot)?.state;
    return state !== "presented" && state;
  });

async function lastOutcome(client: VaultClient): Promise<string | undefined> {
  const journal = await client.call("journal.read", { after: 0 });
  if (!journal.ok) throw journal.error;
  return journal.value.body.rows.findLast(({ event }) => event === "handover.outcome")?.outcome;
}

/** The vault's rules for staff: their exchanges, what they find, and a core that shows their credentials again while they are not here. */
export const staffRules: Record<string, Scenario> = {
  "what staff have shown opens no second exchange where no switch tells that they are here": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t);
    const client = await rig.start(start);
    const credentials = [rig.papers.credential("anna"), rig.papers.credential("bert")];
    const begun = await client.call("exchange.begin", { credentials });
    assert.ok(begun.ok);
    assert.is(code(await client.call("exchange.end", { exchange: begun.value.body.exchange })), "ok");
    assert.is(code(await client.call("exchange.begin", { credentials })), "vault.credentialUsed");
    await rig.stop();
    const later = await rig.start(start);
    const mixed = [credentials[0] as string, rig.papers.credential("carl")];
    assert.is(code(await later.call("exchange.begin", { credentials: mixed })), "vault.credentialUsed");
    // Carl's was refused beside it, and was not used.
    const fresh = [rig.papers.credential("carl"), rig.papers.credential("dora")];
    assert.is(code(await later.call("exchange.begin", { credentials: fresh })), "ok");
  },

  "where there is a service switch, credentials open nothing while it is not seen on": async (t, start) => {
    const role = "switch.service";
    const rig = await wireRig(t, { serviceSwitch: role });
    await rig.seed({ "ITEM-1": "1" });
    const client = await rig.start(start);
    const credentials = [rig.papers.credential("anna"), rig.papers.credential("bert")];
    const begin = () => client.call("exchange.begin", { credentials });
    assert.is(code(await begin()), "vault.staffAbsent");
    rig.inputs.set(role, 1);
    const begun = await begin();
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    const unload = () => client.call("exchange.unload", { exchange, slot: "1" });
    rig.inputs.set(role, 0);
    assert.is(code(await unload()), "vault.staffAbsent");
    rig.inputs.delete(role);
    assert.is(code(await unload()), "vault.staffAbsent");
    assert.is(rig.unlocks(), 0);
    assert.is(code(await client.call("exchange.end", { exchange })), "ok");
    // Staff who come back need no new ones.
    rig.inputs.set(role, 1);
    await eventually("the switch is read again", async () => {
      const status = await client.call("status", {});
      return status.ok && status.value.body.serviceSwitch;
    });
    assert.is(code(await begin()), "ok");
  },

  "a presented door that staff shut on nothing is unknown, not taken": async (t, start) => {
    const { rig, client } = await leftOpen(t, start);
    const credentials = ["anna", "bert"].map((operator) => rig.papers.credential(operator));
    assert.is(code(await client.call("exchange.begin", { credentials })), "ok");
    rig.plant.takeItem("1");
    rig.plant.closeDoor("1");
    assert.is(await notPresented(client, "1"), "unknown");
    assert.is(await lastOutcome(client), "unknown");
  },

  "staff who were at a presented door count also when they have gone, and after a restart": async (
    t,
    start,
  ) => {
    const { rig, client } = await leftOpen(t, start, { slots: 2, interlocks: ["door.service"] });
    rig.inputs.set("door.service", 1);
    await eventually(
      "they are written down",
      async () => {
        const journal = await client.call("journal.read", { after: 0 });
        return journal.ok && journal.value.body.rows.some(({ event }) => event === "handover.staff");
      },
      5_000,
    );
    rig.inputs.set("door.service", 0);
    await rig.stop();
    const again = await rig.start(start);
    rig.plant.takeItem("1");
    rig.plant.closeDoor("1");
    assert.is(await notPresented(again, "1"), "unknown");
  },

  "what lies in a slot that is called empty comes out as nobody's, and the slot is loaded again": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t, { slots: 2 });
    rig.plant.openDoor("1", true);
    rig.plant.putItem("1", "STRAY");
    rig.plant.closeDoor("1");
    const client = await rig.start(start);
    const exchange = await beginExchange(rig, client);
    assert.is(code(await client.call("exchange.unload", { exchange, slot: "2" })), "vault.notLoaded");
    const ended = new Promise<string>((resolve) => {
      client.on("exchange", ({ phase }) => {
        if (phase === "opened") rig.takeFrom("1");
        else if (phase !== "unlocked") resolve(phase);
      });
    });
    assert.is(code(await client.call("exchange.unload", { exchange, slot: "1" })), "ok");
    assert.is(await ended, "empty");
    const journal = await client.call("journal.read", { after: 0 });
    assert.ok(journal.ok);
    const last = journal.value.body.rows.findLast(({ event }) => event === "exchange.empty");
    assert.equal(
      [last?.slot, last?.itemHash, last?.detail, last?.operator],
      ["1", undefined, "stray", "anna+bert"],
    );
    const item = "ITEM-1";
    const load = { exchange, item, assignment: rig.papers.assignment(item) };
    const loading = await client.call("exchange.load", load);
    assert.is(loading.ok && loading.value.body.slot, "1");
  },

  "an item that is there behind a door that never opened at its loading is unknown": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 3 });
    const exchange = await beginExchange(rig, client);
    rig.plant.setJammed("3", true);
    rig.onUnlock = () => rig.plant.setItemSensor("3", "stuckPresent");
    assert.is(await putIn(rig, client, exchange, "ITEM-3"), "unknown");
    assert.is(code(await client.call("exchange.end", { exchange })), "ok");
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-3")), "vault.slotUnknown");
  },

  "a finding settles the effect that it names, by an officer's key, once": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const { papers } = rig;
    rig.plant.setItemSensor("1", "stuckAbsent");
    assert.is(await collect(rig, client, papers.voucher("ITEM-1")), "vault.contradiction");
    const status = await client.call("status", {});
    assert.ok(status.ok);
    const effect = status.value.body.slots.find(({ slot }) => slot === "1")?.effect ?? "";
    const ask = async (settlement: string) => code(await client.call("settle", { settlement }));
    assert.is(await ask(papers.settlement("1", "another", "removed")), "vault.nothingToSettle");
    assert.is(await ask(papers.settlement("2", effect, "removed")), "vault.nothingToSettle");
    assert.is(await ask(papers.settlement("1", effect, "removed", { unit: "kt-02" })), "vault.otherUnit");
    assert.is(await ask(papers.settlement("1", effect, "removed", { exp: 1 })), "vault.expired");
    const finding = papers.settlement("1", effect, "notMoved");
    assert.is(await ask(finding), "ok");
    assert.is(await ask(finding), "vault.nothingToSettle");
    rig.plant.setItemSensor("1", "ok");
    assert.is(await collect(rig, client, papers.voucher("ITEM-1", { seq: 2 })), "taken");
  },

  "a finding does not settle a slot whose door staff have just opened": async (t, start) => {
    const rig = await wireRig(t, { slots: 1 });
    await rig.seed({ "ITEM-1": "1" }, { "1": { state: "presented", effect: "effect-before" } });
    const client = await rig.start(start);
    const exchange = await beginExchange(rig, client);
    const phases: ((phase: string) => void)[] = [];
    const [opened, ended] = [0, 1].map((n) => new Promise<string>((resolve) => (phases[n] = resolve)));
    client.on("exchange", ({ phase }) => {
      if (phase !== "unlocked") phases[phase === "opened" ? 0 : 1]?.(phase);
    });
    const unload = { exchange, slot: "1" };
    assert.is(code(await client.call("exchange.unload", unload)), "ok");
    await opened;
    const settlement = rig.papers.settlement("1", "effect-before", "notMoved");
    assert.is(code(await client.call("settle", { settlement })), "vault.nothingToSettle");
    rig.takeFrom("1");
    assert.is(await ended, "empty");
  },

  "two different people open an exchange, and their credentials pay for each unlock": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 4 });
    const { papers } = rig;
    const anna = papers.credential("anna", { unlocks: 1 });
    const bert = papers.credential("bert");
    const begin = async (...credentials: string[]) => client.call("exchange.begin", { credentials });
    assert.is(code(await begin(anna)), "vault.witnessNeeded");
    assert.is(code(await begin(anna, papers.credential("anna"))), "vault.witnessNeeded");
    assert.is(code(await begin(anna, papers.credential("carl", { exp: 1 }))), "vault.expired");
    const begun = await begin(anna, bert);
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    assert.is(await collect(rig, client, papers.voucher("ITEM-1")), "vault.exchangeOpen");
    assert.is(await putIn(rig, client, exchange, "ITEM-3"), "stored");
    assert.is(await putIn(rig, client, exchange, "ITEM-4"), "vault.creditUsed");
    assert.is(rig.unlocks(), 1);
    assert.is(code(await client.call("exchange.end", { exchange })), "ok");
    assert.is(code(await begin(anna, bert)), "vault.credentialUsed");
  },

  "an item is loaded under its own assignment, and never twice": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 4 });
    const { papers } = rig;
    const begun = await client.call("exchange.begin", {
      credentials: [papers.credential("anna"), papers.credential("bert")],
    });
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    const ask = async (item: string, assignment: string) =>
      code(await client.call("exchange.load", { exchange, item, assignment }));
    assert.is(await ask("ITEM-3", papers.assignment("ITEM-4")), "vault.wrongItem");
    assert.is(await ask("ITEM-3", papers.assignment("ITEM-3", { unit: "kt-02" })), "vault.otherUnit");
    assert.is(await ask("ITEM-3", papers.assignment("ITEM-3", { exp: 1 })), "vault.expired");
    assert.is(await ask("ITEM-3", papers.voucher("ITEM-3")), "signature.malformed");
    assert.is(await ask("ITEM-1", papers.assignment("ITEM-1")), "vault.itemAlreadyLoaded");
    assert.is(rig.unlocks(), 0);
    assert.is(await putIn(rig, client, exchange, "ITEM-3"), "stored");
    assert.is(await ask("ITEM-3", papers.assignment("ITEM-3")), "vault.itemAlreadyLoaded");
    assert.is(await putIn(rig, client, exchange, "ITEM-4", false), "empty");
    assert.is(rig.unlocks(), 2);
    const ended = await client.call("exchange.end", { exchange });
    assert.ok(ended.ok);
    assert.equal(ended.value.body, { loaded: 1, unloaded: 0 });
    assert.is(await collect(rig, client, papers.voucher("ITEM-3")), "taken");
  },
};

/** Staff load one item into the slot that opens (or close the door on nothing); answers the end, or what refused it. */
export async function putIn(
  rig: Awaited<ReturnType<typeof wireRig>>,
  client: VaultClient,
  exchange: string,
  item: string,
  really = true,
): Promise<string> {
  const ended = new Promise<string>((resolve) => {
    const off = client.on("exchange", ({ phase, slot }) => {
      if (phase === "opened") {
        rig.plant.openDoor(slot);
        if (really) rig.plant.putItem(slot, item);
        rig.plant.closeDoor(slot);
      }
      if (phase === "opened" || phase === "unlocked") return;
      off();
      resolve(phase);
    });
  });
  const asked = await client.call("exchange.load", {
    exchange,
    item,
    assignment: rig.papers.assignment(item),
  });
  return asked.ok ? ended : asked.error.code;
}
