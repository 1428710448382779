import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isFault } from "../../../drivers/kit/index.ts";
import { openStore } from "../../../drivers/store/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Slot } from "../../../runtime/ipc/index.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { beginExchange, collect, type WireRig, wireRig } from "../../support/vault-wire.ts";
import { code, type Scenario } from "./rules.ts";

/** Gives the slots of a unit other compartments of its first board; others stay, and new names are added. */
export function rewire(rig: WireRig, compartments: Record<string, number>): void {
  const slots = Object.entries(compartments).map(([slot, compartment]) => ({
    slot,
    lock: "lock.b0",
    compartment,
  }));
  const others = rig.configuration.slots.filter(
    (place) =>
      !(place.slot in compartments) &&
      !("lock" in place && slots.some((s) => s.compartment === place.compartment)),
  );
  reconfigure(rig, { ...rig.configuration, slots: [...others, ...slots] });
}

const bootOf = (id: string) => ({ id, clockKept: true, uptime: () => 0 });

/** Gives a unit another configuration, from its next start on. */
export const reconfigure = (rig: { state: string }, configuration: UnitConfiguration): void =>
  writeFileSync(join(rig.state, "config", "unit.json"), JSON.stringify(configuration));

export async function slotsOf(client: VaultClient): Promise<Record<string, Slot>> {
  const status = await client.call("status", {});
  if (!status.ok) throw status.error;
  return Object.fromEntries(status.value.body.slots.map((slot) => [slot.slot, slot]));
}

const states = async (client: VaultClient): Promise<string> =>
  Object.values(await slotsOf(client))
    .map(({ slot, state }) => `${slot} ${state}`)
    .join(", ");

/** What an officer says to have found in a slot that is in doubt; answers "ok", or what refused it. */
export async function settle(
  rig: WireRig,
  client: VaultClient,
  slot: string,
  finding: "notMoved" | "removed",
): Promise<string> {
  const effect = (await slotsOf(client))[slot]?.effect ?? "";
  return code(await client.call("settle", { settlement: rig.papers.settlement(slot, effect, finding) }));
}

const begun = async (rig: WireRig, client: VaultClient, item: string): Promise<string> =>
  code(await client.call("collect.begin", { voucher: rig.papers.voucher(item) }));

/** The rules of a slot's place, each as a scenario that fails on a vault without it. */
export const wiring: Record<string, Scenario> = {
  "slots that a new configuration exchanges hand out nobody's item": async (t, start) => {
    const rig = await wireRig(t, { slots: 3 });
    await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
    await (await rig.start(start)).call("status", {});
    await rig.stop();
    rewire(rig, { "1": 1, "2": 0 });
    let client = await rig.start(start);
    assert.is(await begun(rig, client, "ITEM-1"), "vault.slotUnknown");
    assert.is(await states(client), "1 unknown, 2 unknown, 3 empty");
    // Each start finds the same doubt, under the same name.
    const first = (await slotsOf(client))["1"]?.effect;
    await rig.stop();
    client = await rig.start(start);
    assert.is((await slotsOf(client))["1"]?.effect, first);
    // Whoever looked when it was elsewhere has not looked here.
    await rig.stop();
    rewire(rig, { "1": 2, "2": 0, "3": 1 });
    client = await rig.start(start);
    const settlement = rig.papers.settlement("1", first ?? "", "notMoved");
    assert.is(code(await client.call("settle", { settlement })), "vault.nothingToSettle");
    assert.is(rig.unlocks(), 0);
    const journal = await client.call("journal.read", { after: 0 });
    assert.ok(journal.ok);
    const rows = journal.value.body.rows.filter(({ event }) => event === "slot.unknown");
    assert.equal(
      rows.map(({ slot, detail }) => `${slot} ${detail}`),
      ["1 moved", "2 moved", "1 moved", "3 moved"],
    );
  },

  "a slot behind whose door another one's item lies is not loaded": async (t, start) => {
    // Also when its slot has got another door in between, and nobody has looked.
    for (const before of [{}, { "1": 1 }]) {
      const rig = await wireRig(t, { slots: 2, itemSensors: false });
      await rig.seed({ "ITEM-1": "1" });
      rewire(rig, before);
      await rig.start(start);
      await rig.stop();
      rewire(rig, { ...before, B1: 0 });
      const slots = await slotsOf(await rig.start(start));
      assert.equal([slots["1"]?.state, slots.B1?.state], ["unknown", "unknown"]);
      assert.is(rig.unlocks(), 0);
    }
  },

  "an item that the ledger does not know cannot be said to be there still": async (t, start) => {
    const rig = await wireRig(t, { slots: 2, itemSensors: false });
    await rig.seed({ "ITEM-1": "1" });
    rewire(rig, { B1: 0 });
    const client = await rig.start(start);
    const ask = (slot: string, finding: "notMoved" | "removed") => settle(rig, client, slot, finding);
    // What the officer sees behind the door is the item of slot 1, which has no door any more.
    assert.is(await ask("B1", "notMoved"), "vault.nothingKnown");
    assert.is(await ask("1", "notMoved"), "vault.nothingKnown");
    const slots = await slotsOf(client);
    assert.equal([slots["1"]?.state, slots.B1?.state], ["unknown", "unknown"]);
    assert.equal([await ask("B1", "removed"), await ask("1", "removed")], ["ok", "ok"]);
    assert.is((await slotsOf(client)).B1?.state, "empty");
  },

  "boards whose addresses are exchanged hand out nobody's item": async (t, start) => {
    const rig = await wireRig(t, { boards: 2, slots: 1 });
    await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
    // Places as this vault writes them down.
    const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
    await store.tx((s) => s.run("UPDATE slots SET device = NULL, compartment = NULL"));
    await store.close();
    assert.is(await states(await rig.start(start)), "1 loaded, 2 loaded");
    await rig.stop();
    // Each role is the other board now.
    const boards = rig.configuration.devices.flatMap((device) =>
      device.driver === "lock.kerong" ? [device] : [],
    );
    const devices = boards.map((device, i) => ({ ...boards[1 - i], ...{ role: device.role } }));
    reconfigure(rig, { ...rig.configuration, devices: devices as UnitConfiguration["devices"] });
    const client = await rig.start(start);
    assert.is(await states(client), "1 unknown, 2 unknown");
  },

  "two boards of one address on two ports serve nobody": async (t, start) => {
    const rig = await wireRig(t, { boards: 2, slots: 1 });
    await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
    // Their plugs may be exchanged, or their ports take each other's name: nothing would notice.
    const devices = rig.configuration.devices.map((device) => ({ ...device, board: 0 }));
    reconfigure(rig, { ...rig.configuration, devices: devices as UnitConfiguration["devices"] });
    const outcome = await new Promise<string>((resolve) => {
      const begun = rig.start(async (options) => {
        const vault = await start(options);
        resolve("started");
        return vault;
      });
      begun.catch((error) => resolve(isFault(error) ? error.code : String(error)));
    });
    assert.is(outcome, "bundle.contradictory");
  },

  "a lock and its slots under new names keep what lies behind their doors": async (t, start) => {
    const rig = await wireRig(t, { slots: 2, itemSensors: false });
    await rig.seed({ "ITEM-1": "1" });
    const devices = rig.configuration.devices.map((device) => ({ ...device, role: "lock.other" }));
    const named = (prefix: string) =>
      rig.configuration.slots.map(({ slot }, compartment) => ({
        slot: `${prefix}${slot}`,
        lock: "lock.other",
        compartment,
      }));
    reconfigure(rig, { ...rig.configuration, devices, slots: named("") });
    assert.is(await states(await rig.start(start)), "1 loaded, 2 empty");
    await rig.stop();
    reconfigure(rig, rig.configuration);
    assert.is(await states(await rig.start(start)), "1 loaded, 2 empty");
    await rig.stop();
    reconfigure(rig, { ...rig.configuration, devices, slots: named("B") });
    const slots = await slotsOf(await rig.start(start));
    assert.equal([slots["1"]?.state, slots.B1?.state, slots.B2?.state], ["unknown", "unknown", "empty"]);
    assert.is(rig.unlocks(), 0);
  },

  "a loading that was under way when the slots were exchanged is not judged by another slot's door": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t, { slots: 2 });
    let client = await rig.start(start);
    const exchange = await beginExchange(rig, client);
    const opened = new Promise<void>((resolve) => {
      client.on("exchange", ({ phase }) => phase === "opened" && resolve());
    });
    const assignment = rig.papers.assignment("ITEM-1");
    void client.call("exchange.load", { exchange, item: "ITEM-1", assignment });
    await opened;
    await rig.stop();
    rig.plant.closeDoor("1");
    // Where the loading would be looked for lies something else.
    rig.plant.openDoor("2", true);
    rig.plant.putItem("2", "STRAY");
    rig.plant.closeDoor("2");
    rewire(rig, { "1": 1, "2": 0 });
    client = await rig.start(start);
    assert.is(await states(client), "1 unknown, 2 unknown");
    assert.is(await begun(rig, client, "ITEM-1"), "vault.slotUnknown");
    assert.is(rig.unlocks(), 1);
    // Nor is the slot empty again when the configuration goes back.
    await rig.stop();
    rewire(rig, { "1": 0, "2": 1 });
    assert.is(await states(await rig.start(start)), "1 unknown, 2 unknown");
  },

  "a hand-over that was under way when the slots were exchanged is nobody's, and its voucher is used": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t, { slots: 2 });
    await rig.seed({ "ITEM-1": "1" });
    const voucher = rig.papers.voucher("ITEM-1");
    let client = await rig.start(start);
    const opened = new Promise<void>((resolve) => {
      client.on("handover", ({ phase }) => phase === "opened" && resolve());
    });
    void collect(rig, client, voucher, () => undefined, "under-way");
    await opened;
    await rig.stop();
    rig.takeFrom("1");
    // Where it would be looked for a door is open, too.
    rig.plant.openDoor("2", true);
    rewire(rig, { "1": 1, "2": 0 });
    client = await rig.start(start);
    assert.is(await states(client), "1 unknown, 2 unknown");
    const known = await client.call("collect.outcome", { command: "under-way" });
    assert.ok(known.ok);
    assert.is(known.value.body.handover?.outcome, "unknown");
    assert.is(code(await client.call("collect.begin", { voucher })), "vault.consumed");
    assert.is(rig.unlocks(), 1);
  },

  "a door that somebody has looked behind is the place of one slot": async (t, start) => {
    const rig = await wireRig(t, { slots: 2, itemSensors: false });
    await rig.seed({ "ITEM-1": "1" });
    rewire(rig, { B1: 0 });
    let client = await rig.start(start);
    assert.is(await settle(rig, client, "B1", "removed"), "ok");
    await rig.stop();
    // What slot 1 had there was found, or not: it puts that door in doubt no more.
    client = await rig.start(start);
    assert.is(await states(client), "1 unknown, 2 empty, B1 empty");
  },

  "a configuration that goes back gives no slot back whose door was opened meanwhile": async (t, start) => {
    const rig = await wireRig(t, { slots: 2 });
    await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
    rewire(rig, { "1": 1, "2": 0 });
    const client = await rig.start(start);
    const exchange = await beginExchange(rig, client);
    const ended = new Promise<void>((resolve) => {
      client.on("exchange", ({ phase }) => phase === "unknown" && resolve());
    });
    rig.plant.setJammed("2", true);
    assert.is(code(await client.call("exchange.unload", { exchange, slot: "1" })), "ok");
    await ended;
    await rig.stop();
    rewire(rig, { "1": 0, "2": 1 });
    assert.is(await states(await rig.start(start)), "1 unknown, 2 unknown");
  },

  "a configuration that goes back gives no slot back after the time of a trial, or a restart of the computer":
    async (t, start) => {
      for (const { later, boot } of [
        { later: 11 * 60_000, boot: "this" },
        { later: -60_000, boot: "this" },
        { later: 0, boot: "next" },
      ]) {
        const rig = await wireRig(t, { slots: 2 });
        await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
        rewire(rig, { "1": 1, "2": 0 });
        await rig.start(start, { boot: bootOf("this") });
        await rig.stop();
        rewire(rig, { "1": 0, "2": 1 });
        rig.clock.wallOffset = later;
        const client = await rig.start(start, { boot: bootOf(boot) });
        assert.is(await states(client), "1 unknown, 2 unknown");
        await rig.stop();
      }
    },

  "what a configuration drops waits for a finding, or for its door": async (t, start) => {
    const rig = await wireRig(t, { slots: 2 });
    await rig.seed({ "ITEM-1": "1" });
    const drop = () =>
      reconfigure(rig, {
        ...rig.configuration,
        slots: rig.configuration.slots.filter((p) => p.slot !== "1"),
      });
    drop();
    assert.is(await states(await rig.start(start)), "1 unknown, 2 empty");
    await rig.stop();
    reconfigure(rig, rig.configuration);
    rig.clock.wallOffset = 30 * 86_400_000;
    assert.is(await states(await rig.start(start)), "1 loaded, 2 empty");
    await rig.stop();
    drop();
    const client = await rig.start(start);
    const effect = (await slotsOf(client))["1"]?.effect ?? "";
    const exp = Math.floor(rig.clock.wall() / 1000) + 60;
    const ask = async (finding: "notMoved" | "removed") =>
      code(await client.call("settle", { settlement: rig.papers.settlement("1", effect, finding, { exp }) }));
    assert.is(await ask("notMoved"), "vault.nothingKnown");
    assert.is(await ask("removed"), "ok");
    assert.is(await states(client), "1 empty, 2 empty");
  },
};
