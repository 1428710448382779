import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { suite, type TestContext } from "../../kit.ts";
import { CARDS, type CardRig, cardRig, DISPENSER, MAGAZINE } from "../../support/card-rig.ts";
import { frozenAt } from "../../support/freeze.ts";
import { mustCatch, mutate } from "../../support/mutate.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { wireRig } from "../../support/vault-wire.ts";
import { reconfigure, slotsOf } from "./wiring.ts";

/** What a new configuration says of magazines in which items lie, or from which one is on its way. */
const { test, run } = suite("magazines under a new configuration");
const [A, B] = CARDS as [string, string, string];

type Change = (configuration: UnitConfiguration) => UnitConfiguration;
type Scenario = (t: Pick<TestContext, "after">, start?: typeof startVault) => Promise<void>;

function change(rig: CardRig, to: Change): void {
  const text = readFileSync(join(rig.state, "config", "unit.json"), "utf8");
  reconfigure(rig, to(JSON.parse(text) as UnitConfiguration));
}

/** The magazine is said to be in another dispenser, which is at the same port. */
const moved: Change = (configuration) => ({
  ...configuration,
  devices: configuration.devices.map((device) => ({ ...device, role: "dispenser.other" })),
  slots: configuration.slots.map((place) => ({ ...place, dispenser: "dispenser.other" })),
});

/** Another magazine is said to be where it was. */
const replaced: Change = (configuration) => ({
  ...configuration,
  slots: configuration.slots.map((place) => ({ ...place, slot: "M2" })),
});

const COMMAND = "a-hand-over";
async function outcome(client: VaultClient): Promise<string | undefined> {
  const told = await client.call("collect.outcome", { command: COMMAND });
  assert.ok(told.ok);
  return told.value.body.handover?.outcome;
}
const state = async (client: VaultClient, slot: string) => (await slotsOf(client))[slot]?.state;
const motions = (rig: CardRig) => {
  const { feed, present, retract } = rig.view().motions;
  return { feed, present, retract };
};

test("a magazine that was moved is fed by nobody until it was listed anew", async (t) => {
  const rig = await cardRig(t);
  let client = await rig.start();
  await rig.fill(client, CARDS);
  await rig.stop();
  change(rig, moved);
  client = await rig.start();
  const voucher = rig.papers.voucher(A);
  assert.is((await rig.collect(client, voucher)).refused, "vault.magazineSuspect");
  assert.is((await rig.stock(client)).magazine.suspect, "moved");
  assert.is(await rig.fill(client, [], CARDS), "ok");
  assert.is((await rig.stock(client)).magazine.suspect, undefined);
  assert.ok((await client.call("collect.begin", { voucher })).ok);
});

/** An item was on its way when its magazine was moved. */
const onItsWay: Scenario = async (t, start) => {
  const rig = await cardRig(t);
  const first = await rig.start();
  assert.is(await rig.fill(first, CARDS), "ok");
  const frozen = frozenAt(t, rig, "identified");
  const voucher = rig.papers.voucher(A);
  void rig.collect(first, voucher, {}, COMMAND);
  await frozen.reached;
  change(rig, moved);
  const client = await frozen.restart(start);
  assert.is(await outcome(client), "unknown");
  assert.is(await state(client, `${MAGAZINE}-01`), "unknown");
  assert.is((await rig.collect(client, voucher)).refused, "vault.consumed");
  const { magazine } = await rig.stock(client);
  assert.equal([magazine.balanced, magazine.unknown, magazine.remaining], [true, 1, 2]);
  const refused = (await rig.collect(client, rig.papers.voucher(B, { seq: 2 }))).refused;
  assert.is(refused, "vault.magazineSuspect");
  assert.equal(motions(rig), { feed: 1, present: 0, retract: 0 });
};

/** An item was left at the gate when its magazine was moved: nobody captures it by itself. */
const leftAtTheGate: Scenario = async (t, start) => {
  const rig = await cardRig(t);
  const first = await rig.start();
  assert.is(await rig.fill(first, CARDS), "ok");
  rig.plant.cards.setJam(DISPENSER, { motor: "retract", where: "start", after: 0 });
  const { end } = await rig.collect(first, rig.papers.voucher(A), {}, COMMAND);
  assert.equal([end?.outcome, await state(first, `${MAGAZINE}-01`)], ["presented", "presented"]);
  await rig.stop();
  const before = motions(rig);
  change(rig, moved);
  const client = await rig.start(start);
  assert.equal([await outcome(client), await state(client, `${MAGAZINE}-01`)], ["unknown", "unknown"]);
  const { magazine } = await rig.stock(client);
  assert.equal([magazine.balanced, magazine.presented, magazine.unknown], [true, 0, 1]);
  const refused = (await rig.collect(client, rig.papers.voucher(B))).refused;
  assert.is(refused, "vault.magazineSuspect");
  assert.equal(motions(rig), before);
};

/** Another magazine has the position: what lies in the first is in doubt, each item of it. */
const itsPositionTaken: Scenario = async (t, start) => {
  const rig = await cardRig(t);
  const first = await rig.start();
  assert.is(await rig.fill(first, CARDS), "ok");
  await rig.stop();
  change(rig, replaced);
  const client = await rig.start(start);
  for (const place of ["01", "02", "03"]) assert.is(await state(client, `${MAGAZINE}-${place}`), "unknown");
  const refused = (await rig.collect(client, rig.papers.voucher(A))).refused;
  assert.is(refused, "vault.slotUnknown");
  assert.equal(motions(rig), { feed: 0, present: 0, retract: 0 });
};

/** A magazine has the name of a compartment with an item in it, which is not merely out of the configuration for a while. */
const nameTaken: Scenario = async (t, start = startVault) => {
  const rig = await wireRig(t, { slots: 2 });
  await rig.seed({ "ITEM-1": "1" });
  const driver = "dispenser.crt591" as const;
  const port = { path: "/dev/no-dispenser", baudRate: 9_600 as const };
  reconfigure(rig, {
    ...rig.configuration,
    devices: [...rig.configuration.devices, { role: DISPENSER, driver, profile: "m001", address: 0, port }],
    slots: rig.configuration.slots.map((place) =>
      place.slot === "1" ? { slot: "1", dispenser: DISPENSER, magazine: 0, capacity: 2 } : place,
    ),
  });
  assert.is(await state(await rig.start(start), "1"), "unknown");
  await rig.stop();
  reconfigure(rig, rig.configuration);
  rig.clock.wallOffset = 11 * 60_000;
  assert.is(await state(await rig.start(start), "1"), "unknown");
};

const SCENARIOS: Record<string, { scenario: Scenario; rule: string; from: string; to: string }> = {
  "an item on its way from a magazine that was moved is unknown, and its voucher is used": {
    scenario: onItsWay,
    rule: "a motion under way is left to the new place to settle",
    from: "for (const effect of open) {",
    to: "for (const effect of [] as EffectRow[]) {",
  },
  "an item left at the gate of a magazine that was moved is unknown, and nothing fetches it": {
    scenario: leftAtTheGate,
    rule: "what was left is left to the new place to fetch",
    from: "for (const effect of left)",
    to: "for (const effect of [] as EffectRow[])",
  },
  "a magazine whose position another one has taken hands out nothing": {
    scenario: itsPositionTaken,
    rule: "a magazine that nobody names keeps its items as they are",
    from: "if (!place && known && !magazines.some(isAt)) continue;",
    to: "if (!place && known) continue;",
  },
  "a compartment whose name a magazine has got does not come back by itself after the time of a trial": {
    scenario: nameTaken,
    rule: "a compartment is merely dropped when a magazine has its name",
    from: "magazines.includes(row.slot) || ",
    to: "",
  },
};
for (const [name, { scenario, rule, from, to }] of Object.entries(SCENARIOS)) {
  test(name, (t) => scenario(t));
  test(`caught: ${rule}`, async (t) => {
    const start = await mutate([{ file: "pins.ts", from, to }]);
    await mustCatch(t, () => scenario(t, start), 30_000);
  });
}

run();
