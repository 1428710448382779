import { join } from "node:path";
import * as assert from "uvu/assert";
import { openStore } from "../../../drivers/store/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { placeOf } from "../../../runtime/vault/places.ts";
import { suite } from "../../kit.ts";
import { collect, wireRig } from "../../support/vault-wire.ts";
import { rewire, settle, slotsOf, wiring } from "./wiring.ts";

/** What a new configuration says of slots in which things lie already. */
const { test, run } = suite("wiring");

for (const [name, scenario] of Object.entries(wiring)) test(name, (t) => scenario(t, startVault));

test("a slot whose place was in doubt serves from its new place once an operator has looked", async (t) => {
  const rig = await wireRig(t, { slots: 3 });
  await rig.seed({ "ITEM-1": "1" });
  // The board was wired anew together with the configuration: slot 1 is where the plant's slot 2 is.
  rewire(rig, { "1": 1, "2": 0 });
  let client = await rig.start(startVault);
  rig.plant.openDoor("1", true);
  rig.plant.takeItem("1");
  rig.plant.closeDoor("1");
  rig.plant.openDoor("2", true);
  rig.plant.putItem("2", "ITEM-1");
  rig.plant.closeDoor("2");
  assert.is(await settle(rig, client, "1", "notMoved"), "ok");
  assert.is(await settle(rig, client, "2", "removed"), "ok");
  await rig.stop();
  client = await rig.start(startVault);
  assert.equal(
    [(await slotsOf(client))["1"]?.state, (await slotsOf(client))["2"]?.state],
    ["loaded", "empty"],
  );
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1"), () => rig.takeFrom("2")), "taken");
});

test("a configuration that only failed its trial leaves every slot as it was, which is journalled", async (t) => {
  const rig = await wireRig(t, { slots: 3, itemSensors: false });
  await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
  const trial = async (compartments: Record<string, number>) => {
    rewire(rig, compartments);
    const during = Object.values(await slotsOf(await rig.start(startVault)));
    await rig.stop();
    rewire(rig, { "1": 0, "2": 1, "3": 2 });
    const client = await rig.start(startVault);
    const after = Object.values(await slotsOf(client));
    const journal = await client.call("journal.read", { after: 0 });
    await rig.stop();
    if (!journal.ok) throw journal.error;
    return { during, after, journal: journal.value.body.rows };
  };
  const stated = (slots: { slot: string; state: string }[]) =>
    slots.map((s) => `${s.slot} ${s.state}`).join();
  const swap = await trial({ "1": 1, "2": 0 });
  assert.is(stated(swap.during), "1 unknown,2 unknown,3 empty");
  assert.is(stated(swap.after), "1 loaded,2 loaded,3 empty");
  assert.equal(
    swap.journal.filter(({ event }) => event === "slot.restored").map(({ slot }) => slot),
    ["1", "2"],
  );
  // A slot of another name at the door of one that holds something, which only the trial knew.
  const other = await trial({ B1: 0 });
  assert.is(stated(other.during), "1 unknown,2 loaded,3 empty,B1 unknown");
  assert.is(stated(other.after), "1 loaded,2 loaded,3 empty,B1 empty");
});

test("empty slots take their new places, and a ledger that knew none takes those of the first start", async (t) => {
  const rig = await wireRig(t, { slots: 4 });
  await rig.seed({ "ITEM-1": "1" });
  const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
  await store.tx((s) => s.run("UPDATE slots SET device = NULL, compartment = NULL"));
  await store.close();
  let client = await rig.start(startVault);
  assert.is((await slotsOf(client))["1"]?.state, "loaded");
  await rig.stop();
  rewire(rig, { "3": 3, "4": 2 });
  client = await rig.start(startVault);
  assert.equal(
    Object.values(await slotsOf(client)).map(({ state }) => state),
    ["loaded", "empty", "empty", "empty"],
  );
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
});

test("a ledger whose places name the role of their lock knows its doors; an address under two roles is nobody's", async (t) => {
  const rig = await wireRig(t, { boards: 2, slots: 2 });
  await rig.seed({ "ITEM-1": "1", "ITEM-3": "3" });
  const places = async (first: string, second: string) => {
    const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
    await store.tx(async (s) => {
      await s.run("UPDATE slots SET device = ? WHERE slot IN ('1', '2')", first);
      await s.run("UPDATE slots SET device = ? WHERE slot IN ('3', '4')", second);
    });
    await store.close();
  };
  const now = async () => {
    const slots = Object.values(await slotsOf(await rig.start(startVault)));
    await rig.stop();
    return slots.map(({ state }) => state);
  };
  await places("lock.b0/0", "lock.b1/1");
  assert.equal(await now(), ["loaded", "empty", "loaded", "empty"]);
  // Two ports had a board 0 each, and which of them is board 1 today nobody knows.
  await places("lock.b0/0", "lock.b1/0");
  assert.equal(await now(), ["unknown", "empty", "unknown", "empty"]);
});

test("a slot of a coil is where its coil is, whatever its lock and its number are called", async () => {
  const line = (offset: number) => ({ chip: "gpiochip0", offset });
  const lock = (role: string, coils: number[]) => ({
    role,
    driver: "lock.gpio" as const,
    compartments: coils.map((offset) => ({ coil: line(offset), door: line(offset + 10) })),
    ...{ coilActiveLow: false, doorOpenLevel: 0 as const, debounceMs: 5, pulseMs: 100 },
    oneShot: true as const,
  });
  const at = (role: string, compartment: number, coils: number[]) =>
    placeOf({ slot: "A1", lock: role, compartment }, [lock(role, coils)]);
  assert.equal(at("lock.main", 1, [4, 5]), { slot: "A1", device: "gpio/gpiochip0/5", compartment: 0 });
  assert.equal(at("lock.main", 1, [4, 5]), at("lock.other", 0, [5, 4]));
  assert.not.equal(at("lock.main", 0, [4, 5]), at("lock.main", 0, [5, 4]));
});

run();
