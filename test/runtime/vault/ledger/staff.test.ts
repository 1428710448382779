import * as assert from "uvu/assert";
import type { Intent, SlotRow } from "../../../../runtime/vault/ledger.ts";
import { suite } from "../../../kit.ts";
import {
  AT,
  CREDENTIALS,
  LOAD,
  LOCKED,
  ledgerRig,
  RELEASE,
  STACK,
  UNLOAD,
  WALL,
} from "../../../support/ledger-rig.ts";

/** What is written of exchanges, findings and alarms: every column and every field of the journal. */
const { test, run } = suite("ledger: staff");

test("who opens a slot or settles it ends the way back of a slot whose item may lie there", async (t) => {
  for (const act of ["intent", "settle"] as const) {
    const rig = await ledgerRig(t);
    await rig.lay(async (s) => {
      await s.run(
        `UPDATE slots SET state = 'unknown', to_device = 'kerong/9', to_compartment = 1, was_state = 'loaded', item_hash = 'h'
         WHERE slot = '1'`,
      );
    });
    if (act === "intent") await rig.ledger.intent({ ...RELEASE, command: { id: "c", requestHash: "r" } });
    else {
      const slot = (await rig.ledger.slots()).find((one) => one.slot === "1") as SlotRow;
      await rig.ledger.settle(slot, "removed", "anna");
      // Somebody has looked: it is where the configuration says.
      const { device, compartment, to_device } = (await rig.row("slots", "1")) ?? {};
      assert.equal([device, compartment, to_device], ["kerong/9", 1, undefined]);
    }
    assert.is((await rig.row("slots", "1"))?.was_state, undefined, act);
  }
});

test("staff pay each unlock from the exchange and from every credential", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.openExchange("x1", CREDENTIALS);
  for (const n of [1, 2]) {
    const intent = { ...LOAD, effect: `load-${n}` };
    await rig.ledger.intent(intent);
    await rig.ledger.issue(intent, LOCKED, AT);
    assert.is((await rig.row("exchanges", "x1"))?.credit, 2 - n);
    assert.equal(
      (await rig.rows("credentials")).map(({ used }) => used),
      [n, n],
    );
    await rig.ledger.finish(intent, "stored");
  }
  assert.equal(await rig.rows("consumed"), []);
  const third = { ...LOAD, effect: "load-3" };
  await rig.ledger.intent(third);
  await rig.refuses("vault.creditUsed", () => rig.ledger.issue(third, LOCKED, AT), { exchange: "x1" });
});

test("an exchange has the credit of its poorest credential, and counts what it came to", async (t) => {
  const rig = await ledgerRig(t);
  await rig.writes([{ event: "exchange.begin", operator: "anna+bert" }], () =>
    rig.ledger.openExchange("x1", CREDENTIALS),
  );
  assert.equal(await rig.rows("exchanges"), [
    {
      exchange: "x1",
      operators: JSON.stringify({ credentials: ["c1", "c2"], operators: ["anna", "bert"] }),
      credit: 2,
      opened: WALL,
    },
  ]);
  assert.equal(await rig.rows("credentials"), [
    { credential: "c1", used: 0, unlocks: 2 },
    { credential: "c2", used: 0, unlocks: 3 },
  ]);
  const ended: [Intent, "stored" | "empty"][] = [
    [{ ...LOAD, effect: "l1", slot: "1", itemHash: "h1" }, "stored"],
    [{ ...LOAD, effect: "l2", slot: "2", itemHash: "h2" }, "stored"],
    [{ ...LOAD, effect: "l3", slot: "3", itemHash: "h3" }, "empty"],
    [{ ...UNLOAD, effect: "u1", slot: "1", itemHash: "h1" }, "empty"],
    [{ ...LOAD, effect: "other", slot: "3", exchange: "x2", itemHash: "h4" }, "stored"],
  ];
  for (const [intent, outcome] of ended) {
    await rig.ledger.intent(intent);
    await rig.ledger.finish(intent, outcome);
  }
  assert.equal(await rig.ledger.exchanged("x1"), { loaded: 2, unloaded: 1 });
  rig.clock.now += 7;
  const came = await rig.writes([{ event: "exchange.end", operator: "bert" }], () =>
    rig.ledger.closeExchange("x1", "bert"),
  );
  assert.equal(came, { loaded: 2, unloaded: 1 });
  assert.is((await rig.row("exchanges", "x1"))?.closed, WALL + 7);
  await rig.ledger.intent({ ...LOAD, slot: "1" });
  await rig.refuses("vault.creditUsed", () => rig.ledger.issue(LOAD, LOCKED, AT));
});

test("a credential serves a second exchange with what it has left, unless it counts once", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.openExchange("x1", CREDENTIALS, { once: true });
  await rig.refuses("vault.credentialUsed", () => rig.ledger.openExchange("x2", CREDENTIALS, { once: true }));
  await rig.ledger.intent(LOAD);
  await rig.ledger.issue(LOAD, LOCKED, AT);
  await rig.ledger.openExchange("x2", CREDENTIALS);
  assert.is((await rig.row("exchanges", "x2"))?.credit, 1);
  await rig.lay(async (s) => {
    await s.run("UPDATE credentials SET used = 2 WHERE credential = 'c1'");
  });
  await rig.refuses("vault.creditUsed", () => rig.ledger.openExchange("x3", CREDENTIALS));
});

test("a restart closes the exchanges that are open, each by itself", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.openExchange("x1", CREDENTIALS);
  await rig.ledger.closeExchange("x1", "anna");
  await rig.ledger.openExchange("x2", CREDENTIALS);
  rig.clock.now += 9;
  await rig.writes([{ event: "exchange.end", operator: "restart" }], () => rig.ledger.closeAllExchanges());
  assert.equal(
    (await rig.rows("exchanges")).map(({ closed }) => closed),
    [WALL, WALL + 9],
  );
});

test("a finding settles a slot, and what was left there is nobody's to clear any more", async (t) => {
  for (const [finding, state, item] of [
    ["taken", "empty", undefined],
    ["removed", "empty", undefined],
    ["notMoved", "loaded", "hash-1"],
  ] as const) {
    const rig = await ledgerRig(t);
    await rig.ledger.intent(RELEASE);
    await rig.ledger.finish(RELEASE, "unknown");
    await rig.lay(async (s) => {
      await s.run("UPDATE effects SET left_at = 'path'");
      await s.run("UPDATE slots SET state = 'unknown' WHERE slot = '2'");
    });
    const slots = await rig.ledger.slots();
    const one = slots[0] as SlotRow;
    const line = { event: "slot.settled", effect: "e1", slot: "1", itemHash: "hash-1" };
    await rig.writes([{ ...line, outcome: finding, operator: "carla" }], () =>
      rig.ledger.settle(one, finding, "carla"),
    );
    const row = await rig.row("slots", "1");
    assert.equal([row?.state, row?.item_hash, row?.effect], [state, item, undefined], finding);
    assert.equal(await rig.ledger.leftovers(), []);
    await rig.writes([{ event: "slot.settled", slot: "2", outcome: "removed", operator: "carla" }], () =>
      rig.ledger.settle(slots[1] as SlotRow, "removed", "carla"),
    );
    assert.is((await rig.row("slots", "2"))?.state, "empty");
  }
});

test("a finding about an item of a magazine is counted there", async (t) => {
  for (const [finding, delivered, removed] of [
    ["taken", 1, 0],
    ["removed", 0, 1],
    ["notMoved", 0, 0],
  ] as const) {
    const rig = await ledgerRig(t, { magazines: [STACK] });
    await rig.lay(async (s) => {
      await s.run("UPDATE slots SET state = 'unknown', item_hash = 'h' WHERE slot = 'M1-01'");
    });
    const slots = await rig.ledger.slots();
    await rig.ledger.settle(slots.find(({ slot }) => slot === "M1-01") as SlotRow, finding, "carla");
    // One whose item nobody knows is no count's.
    await rig.ledger.settle(slots.find(({ slot }) => slot === "M1-02") as SlotRow, finding, "carla");
    const row = await rig.row("magazines", "M1");
    assert.equal([row?.delivered, row?.removed], [delivered, removed], finding);
  }
});

test("a slot whose sensors contradict the ledger is locked out with the reason", async (t) => {
  const rig = await ledgerRig(t);
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'h1' WHERE slot = '1'");
  });
  await rig.writes([{ event: "slot.unknown", effect: "e1", slot: "1", detail: "itemSensor" }], () =>
    rig.ledger.lockOut("1", "e1", "itemSensor"),
  );
  const states = (await rig.rows("slots")).map(({ slot, state, effect, item_hash }) => [
    slot,
    state,
    effect,
    item_hash,
  ]);
  assert.equal(states.slice(0, 2), [
    ["1", "unknown", "e1", "h1"],
    ["2", "empty", undefined, undefined],
  ]);
});

test("an alarm stays until it is cleared by its name", async (t) => {
  const rig = await ledgerRig(t);
  await rig.writes([{ event: "interlock.latched", effect: "a1", slot: "tamper" }], () =>
    rig.ledger.alarm("tamper", "a1"),
  );
  assert.equal(await rig.rows("alarms"), [{ role: "tamper", alarm: "a1", at: WALL }]);
  await rig.reopen();
  assert.equal([...(await rig.ledger.alarms())], [["tamper", "a1"]]);
  const cleared = { event: "interlock.cleared", slot: "tamper", operator: "carla" };
  await rig.writes([{ ...cleared, effect: "a0" }], () => rig.ledger.alarmCleared("tamper", "a0", "carla"));
  assert.is((await rig.ledger.alarms()).size, 1, "another alarm");
  await rig.writes([{ ...cleared, effect: "a1" }], () => rig.ledger.alarmCleared("tamper", "a1", "carla"));
  assert.is((await rig.ledger.alarms()).size, 0);
});

run();
