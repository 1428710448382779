import * as assert from "uvu/assert";
import { isFault, setLog } from "../../../drivers/kit/index.ts";
import { CHAIN_BEGIN } from "../../../drivers/store/index.ts";
import { vaultFault } from "../../../runtime/vault/faults.ts";
import {
  type EffectRow,
  type Intent,
  intentOf,
  type Ledger,
  type SlotRow,
} from "../../../runtime/vault/ledger.ts";
import { suite } from "../../kit.ts";
import { AT, BOARD, BOOT, LOCKED, ledgerRig, RELEASE, STACK, WALL } from "../../support/ledger-rig.ts";

/** What each operation of the ledger writes: every column and every field of the journal. */
const { test, run } = suite("ledger");

const OPEN = { latch: "open", item: "unknown" } as const;
const PATH = { path: "clear", bin: 2 } as const;
const LOAD: Intent = {
  effect: "e2",
  kind: "load",
  slot: "2",
  itemHash: "hash-2",
  exchange: "x1",
  operator: "a",
};
const UNLOAD: Intent = { ...LOAD, effect: "e3", kind: "unload" };
const FEED: Intent = { ...RELEASE, slot: "M1-01" };
const HANDED = { effect: "e1", slot: "1", voucher: "voucher-1", itemHash: "hash-1", operator: "anna" };
const STAFF = { effect: "e2", slot: "2", itemHash: "hash-2", operator: "a" };
const CREDENTIALS = [
  { id: "c1", operator: "anna", unlocks: 2 },
  { id: "c2", operator: "bert", unlocks: 3 },
];

test("opening makes every slot that the configuration names, once, and holds it to its place", async (t) => {
  const rig = await ledgerRig(t, { slots: BOARD.slice(0, 2), magazines: [STACK] });
  const place = (slot: string, compartment: number) => ({
    slot,
    state: "empty",
    device: "kerong/0",
    compartment,
  });
  const inStack = ["M1-01", "M1-02", "M1-03"].map((slot) => ({ slot, state: "empty", magazine: "M1" }));
  const rows = [place("1", 0), place("2", 1), ...inStack];
  assert.equal(await rig.rows("slots"), rows);
  assert.equal(
    (await rig.ledger.slots()).map(({ slot }) => slot),
    rows.map(({ slot }) => slot),
  );
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-1' WHERE slot = '1'");
  });
  await rig.reopen({ slots: BOARD, magazines: [STACK] });
  assert.equal(await rig.rows("slots"), [
    { ...place("1", 0), state: "loaded", item_hash: "hash-1" },
    place("2", 1),
    place("3", 2),
    ...inStack,
  ]);
});

test("a slot or a magazine that was moved with something in it is told by its name, with the boot and the hour", async (t) => {
  const rig = await ledgerRig(t, { slots: BOARD.slice(0, 1), magazines: [STACK] });
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-1' WHERE slot = '1'");
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-2', place = 1 WHERE slot = 'M1-01'");
  });
  const told: unknown[] = [];
  setLog({ sink: ({ event, slot }) => told.push([event, slot]) });
  t.after(() => setLog({ sink: (line) => process.stderr.write(`${JSON.stringify(line)}\n`) }));
  const moved = [{ slot: "1", device: "kerong/7", compartment: 0 }];
  await rig.reopen({ slots: moved, magazines: [{ ...STACK, magazine: 1 }] });
  assert.equal(told, [
    ["vault.moved", "1"],
    ["vault.moved", "M1"],
  ]);
  const { was_state, was_boot, was_until } = (await rig.row("slots", "1")) ?? {};
  assert.equal(
    { was_state, was_boot, was_until },
    { was_state: "loaded", was_boot: "boot-1", was_until: WALL + 600_000 },
  );
  await rig.reopen({ slots: moved, magazines: [{ ...STACK, magazine: 1 }] });
  assert.is(told.length, 2);
});

test("an intent is written whole, with the hour, the boot and its uptime", async (t) => {
  const rig = await ledgerRig(t);
  await rig.writes([{ event: "handover.intent", ...HANDED }], () => rig.ledger.intent(RELEASE));
  assert.equal(await rig.rows("effects"), [
    {
      effect: "e1",
      kind: "release",
      state: "INTENT",
      slot: "1",
      voucher: "voucher-1",
      seq: 4,
      item_hash: "hash-1",
      command: "command-1",
      request_hash: "request-1",
      operator: "anna",
      any_card: 0,
      latch_seen: 0,
      staff: 0,
      at: WALL,
      boot: "boot-1",
      up: 12_346,
    },
  ]);
  const clear: Intent = { effect: "e9", kind: "clear", slot: "3", clears: "e1", anyCard: true };
  await rig.writes([{ event: "path.intent", effect: "e9", slot: "3" }], () => rig.ledger.intent(clear));
  const { clears, any_card, exchange, command, voucher } = (await rig.row("effects", "e9")) ?? {};
  assert.equal(
    { clears, any_card, exchange, command, voucher },
    { clears: "e1", any_card: 1, exchange: undefined, command: undefined, voucher: undefined },
  );
  await rig.ledger.intent(LOAD);
  assert.is((await rig.row("effects", "e2"))?.exchange, "x1");
});

test("an intent in a ledger that knows no boot says none", async (t) => {
  const rig = await ledgerRig(t, { boot: null });
  await rig.ledger.intent(RELEASE);
  const row = await rig.row("effects", "e1");
  assert.equal([row?.boot, row?.up], [undefined, undefined]);
});

test("one motion at a time in a slot, and one effect for a command", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  for (const other of [
    { ...RELEASE, effect: "e5", command: { id: "command-5", requestHash: "r" } },
    { ...RELEASE, effect: "e5", slot: "2" },
  ]) {
    const before = await rig.rows("effects");
    let refused = false;
    await rig.ledger.intent(other).catch(() => {
      refused = true;
    });
    assert.ok(refused);
    assert.equal(await rig.rows("effects"), before);
  }
});

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

test("issuing consumes the voucher, notes what was seen before and makes one token for the right thing", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  const token = await rig.writes([{ event: "handover.issued", ...HANDED }], () =>
    rig.ledger.issue(RELEASE, LOCKED, { ...AT, compartment: 5 }),
  );
  assert.equal({ ...token }, { effect: "e1", device: "lock.main", compartment: 5, motion: undefined });
  rig.redeem(token, "lock.main", 5);
  const row = await rig.row("effects", "e1");
  assert.equal([row?.state, row?.before], ["ISSUED", JSON.stringify(LOCKED)]);
  assert.equal(await rig.rows("consumed"), [
    { voucher: "voucher-1", item_hash: "hash-1", seq: 4, effect: "e1" },
  ]);
  assert.equal(await rig.rows("motions"), []);
  await rig.refuses("vault.consumed", () => rig.ledger.issue(RELEASE, LOCKED, AT), { effect: "e1" });
});

test("what was never meant, and a voucher that was consumed for something else, is not issued", async (t) => {
  const rig = await ledgerRig(t);
  await rig.refuses("vault.consumed", () => rig.ledger.issue(RELEASE, LOCKED, AT), { effect: "e1" });
  await rig.ledger.intent(RELEASE);
  await rig.ledger.issue(RELEASE, LOCKED, AT);
  await rig.ledger.finish(RELEASE, "notMoved");
  await rig.refuses("vault.consumed", () => rig.ledger.issue(RELEASE, LOCKED, AT));
  const again = { ...RELEASE, effect: "e4", slot: "2", command: { id: "command-4", requestHash: "r" } };
  await rig.ledger.intent(again);
  await rig.refuses("vault.consumed", () => rig.ledger.issue(again, LOCKED, AT), { effect: "e4" });
});

test("a voucher without an item consumes itself", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const intake: Intent = {
    effect: "e6",
    kind: "intake",
    slot: "M1",
    voucher: { id: "v6", seq: 1 },
    anyCard: true,
  };
  await rig.writes([{ event: "intake.intent", effect: "e6", slot: "M1", voucher: "v6" }], () =>
    rig.ledger.intent(intake),
  );
  await rig.ledger.issue(intake, PATH, { device: "dispenser.main", compartment: 0, motion: "accept" });
  assert.equal(await rig.rows("consumed"), [{ voucher: "v6", item_hash: "", seq: 1, effect: "e6" }]);
});

test("what a dispenser's motion left is paid for by what left it, once", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  await rig.ledger.intent(FEED);
  await rig.lay(async (s) => {
    await s.run("UPDATE effects SET state = 'DONE', left_at = 'gate', outcome = 'presented'");
  });
  assert.equal(
    (await rig.ledger.leftovers()).map(({ effect }) => effect),
    ["e1"],
  );
  const clear: Intent = { effect: "e7", kind: "clear", slot: "M1", clears: "e1" };
  const target = { device: "dispenser.main", compartment: 0, motion: "retract" } as const;
  await rig.ledger.intent(clear);
  const token = await rig.writes([{ event: "path.issued", effect: "e7", slot: "M1" }], () =>
    rig.ledger.issue(clear, PATH, target),
  );
  assert.is((token as unknown as { motion: string }).motion, "retract");
  assert.equal(await rig.ledger.leftovers(), []);
  assert.equal(
    (await rig.rows("consumed")).length + (await rig.rows("exchanges")).length,
    0,
    "nothing else is used up",
  );
  const second: Intent = { ...clear, effect: "e8", slot: "M1-02" };
  await rig.ledger.intent(second);
  await rig.refuses("vault.consumed", () => rig.ledger.issue(second, PATH, target), { effect: "e8" });
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

test("an unlock without any voucher or exchange is paid by nothing and refused", async (t) => {
  const rig = await ledgerRig(t);
  const bare: Intent = { effect: "bare", kind: "release", slot: "1" };
  await rig.ledger.intent(bare);
  await rig.refuses("vault.creditUsed", () => rig.ledger.issue(bare, LOCKED, AT), { exchange: "" });
});

test("each motion of a dispenser is issued once within an effect, and only while it is open", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const target = (motion: "feed" | "present" | "retract") => ({
    device: "dispenser.main",
    compartment: 2,
    motion,
  });
  await rig.ledger.intent(FEED);
  await rig.refuses("vault.consumed", () => rig.ledger.issueNext(FEED, PATH, target("present")), {
    effect: "e1",
  });
  await rig.ledger.issue(FEED, PATH, target("feed"));
  rig.clock.now += 5;
  const token = await rig.writes([{ event: "handover.present", ...HANDED, slot: "M1-01" }], () =>
    rig.ledger.issueNext(FEED, { path: "reader" }, target("present")),
  );
  assert.equal({ ...token }, { effect: "e1", device: "dispenser.main", compartment: 2, motion: "present" });
  const motions = [
    { effect: "e1", motion: "feed", before: JSON.stringify(PATH), at: WALL },
    { effect: "e1", motion: "present", before: '{"path":"reader"}', at: WALL + 5 },
  ];
  assert.equal(
    (await rig.ledger.motions("e1")).map((row) => ({ ...row })),
    motions,
  );
  assert.equal(await rig.ledger.motions("e2"), []);
  for (const motion of ["feed", "present"] as const)
    await rig.refuses("vault.consumed", () => rig.ledger.issueNext(FEED, PATH, target(motion)), {
      effect: "e1",
    });
  await rig.ledger.finish(FEED, "unknown");
  await rig.refuses("vault.consumed", () => rig.ledger.issueNext(FEED, PATH, target("retract")));
});

test("a latch that was seen open and staff who came are written of their effect alone", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  await rig.ledger.intent(LOAD);
  await rig.writes([{ event: "exchange.opened", ...STAFF }], () => rig.ledger.latchSeen(LOAD));
  await rig.writes([{ event: "handover.opened", ...HANDED }], () => rig.ledger.latchSeen(RELEASE));
  const row = (await rig.ledger.effect("e1")) as EffectRow;
  await rig.writes([{ event: "handover.staff", ...HANDED }], () => rig.ledger.staffCame(row));
  const marks = (await rig.rows("effects")).map(({ effect, latch_seen, staff }) => [
    effect,
    latch_seen,
    staff,
  ]);
  assert.equal(marks, [
    ["e1", 1, 1],
    ["e2", 1, 0],
  ]);
});

type Outcome = "taken" | "presented" | "unknown" | "notMoved" | "stored" | "empty";

const SLOT_AFTER: [Intent, Outcome, string, Record<string, unknown>][] = [
  [RELEASE, "taken", "handover.outcome", { state: "empty" }],
  [RELEASE, "presented", "handover.outcome", { state: "presented", item_hash: "hash-1", effect: "e1" }],
  [RELEASE, "unknown", "handover.outcome", { state: "unknown", item_hash: "hash-1", effect: "e1" }],
  [RELEASE, "notMoved", "handover.outcome", { state: "loaded", item_hash: "hash-1", effect: "before" }],
  [LOAD, "stored", "exchange.stored", { state: "loaded", item_hash: "hash-2" }],
  [LOAD, "empty", "exchange.empty", { state: "empty" }],
  [UNLOAD, "presented", "exchange.presented", { state: "presented", item_hash: "hash-2", effect: "e3" }],
];

test("an outcome ends the effect and makes of its slot what it says", async (t) => {
  for (const [intent, outcome, event, after] of SLOT_AFTER) {
    const rig = await ledgerRig(t);
    await rig.ledger.intent(intent);
    await rig.lay(async (s) => {
      await s.run(
        "UPDATE slots SET state = 'loaded', item_hash = ?, effect = 'before' WHERE slot = ?",
        intent.itemHash ?? "",
        intent.slot,
      );
    });
    const about = { ...(intent === RELEASE ? HANDED : STAFF), effect: intent.effect, outcome };
    await rig.writes([{ event, ...about, detail: "why" }], () =>
      rig.ledger.finish(intent, outcome, { detail: "why", after: { ...LOCKED, extra: 1 } as never }),
    );
    const row = await rig.row("effects", intent.effect);
    assert.equal([row?.state, row?.outcome, row?.after], ["DONE", outcome, JSON.stringify(LOCKED)]);
    const { device, compartment, slot, ...state } = (await rig.row("slots", intent.slot)) ?? {};
    assert.equal(state, after, `${intent.kind} ${outcome}`);
  }
});

test("an outcome of which nothing was seen says nothing more, in the row and in the journal", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  await rig.writes([{ event: "handover.outcome", ...HANDED, outcome: "notMoved" }], () =>
    rig.ledger.finish(RELEASE, "notMoved"),
  );
  assert.is((await rig.row("effects", "e1"))?.after, undefined);
});

test("a slot in doubt is where the configuration says once it was found empty, and only then", async (t) => {
  for (const [outcome, device] of [
    ["empty", "kerong/9"],
    ["stored", "kerong/0"],
    ["presented", "kerong/0"],
  ] as const) {
    const rig = await ledgerRig(t);
    await rig.lay(async (s) => {
      await s.run(
        "UPDATE slots SET state = 'unknown', to_device = 'kerong/9', to_compartment = 1 WHERE slot = '2'",
      );
    });
    await rig.ledger.intent(UNLOAD);
    await rig.ledger.finish(UNLOAD, outcome);
    assert.is((await rig.row("slots", "2"))?.device, device, outcome);
  }
});

test("what became of an item later is its outcome, and the journal says that it came later", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  await rig.ledger.finish(RELEASE, "presented", { after: OPEN });
  const row = (await rig.ledger.effect("e1")) as EffectRow;
  const gone = { latch: "locked", item: "absent" } as const;
  await rig.writes([{ event: "handover.outcome", ...HANDED, outcome: "taken", detail: "later" }], () =>
    rig.ledger.settleLate(row, "taken", gone),
  );
  const after = await rig.row("effects", "e1");
  assert.equal([after?.outcome, after?.after], ["taken", JSON.stringify(gone)]);
  assert.is((await rig.row("slots", "1"))?.state, "empty");
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
  const ended: [Intent, Outcome][] = [
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

test("the journal is read in order behind a row, a hundred at a time, and its chain is followed", async (t) => {
  const rig = await ledgerRig(t);
  await rig.writes([{ event: "request.refused", detail: "release vault.consumed" }], () =>
    rig.ledger.refused("release", "vault.consumed"),
  );
  for (let n = 0; n < 101; n++) await rig.ledger.refused("more", String(n));
  const first = await rig.ledger.readJournal(0);
  assert.is(first.length, 100);
  assert.equal(Object.keys(first[0] ?? {}).sort(), ["at", "detail", "event", "hash", "prevHash", "seq"]);
  const rest = await rig.ledger.readJournal(100);
  assert.equal(
    rest.map(({ seq, detail }) => [seq, detail]),
    [
      [101, "more 99"],
      [102, "more 100"],
    ],
  );
  assert.is(rest[0]?.prevHash, first[99]?.hash);
  const end = await rig.ledger.followChain(CHAIN_BEGIN, 200);
  assert.equal(end, { seq: 102, hash: rest[1]?.hash });
  await rig.lay(async (s) => {
    await s.run("UPDATE journal SET at = at + 1 WHERE seq = 50");
  });
  assert.is(await rig.ledger.followChain(CHAIN_BEGIN, 200), 50);
});

test("a voucher is consumed, or superseded by one of the same item that is no older", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  await rig.ledger.issue(RELEASE, LOCKED, AT);
  const { ledger } = rig;
  assert.is(await ledger.used("voucher-1", "hash-1", 4), "consumed");
  assert.is(await ledger.used("voucher-2", "hash-1", 3), "superseded");
  assert.is(await ledger.used("voucher-2", "hash-1", 4), "superseded");
  assert.is(await ledger.used("voucher-2", "hash-1", 5), undefined);
  assert.is(await ledger.used("voucher-2", "hash-2", 1), undefined);
});

test("rows are found by what names them", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const { ledger } = rig;
  await rig.lay(async (s) => {
    for (const [slot, place, state] of [
      ["M1-01", 3, "loaded"],
      ["M1-02", 2, "loaded"],
      ["M1-03", 1, "unknown"],
    ] as const)
      await s.run(
        "UPDATE slots SET state = ?, item_hash = ?, place = ? WHERE slot = ?",
        state,
        slot,
        place,
        slot,
      );
  });
  assert.is((await ledger.firstIn("M1"))?.slot, "M1-02");
  assert.is(await ledger.firstIn("M2"), undefined);
  assert.is((await ledger.slotOfItem("M1-03"))?.slot, "M1-03");
  assert.is(await ledger.slotOfItem("nothing"), undefined);
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET place = NULL WHERE magazine = 'M1'");
  });
  assert.is(await ledger.firstIn("M1"), undefined);
  rig.clock.now += 10;
  await ledger.intent(RELEASE);
  rig.clock.now -= 5;
  await ledger.intent(LOAD);
  assert.equal(
    (await ledger.openEffects()).map(({ effect }) => effect),
    ["e2", "e1"],
  );
  await ledger.finish(LOAD, "stored");
  assert.equal(
    (await ledger.openEffects()).map(({ effect }) => effect),
    ["e1"],
  );
  assert.is((await ledger.byCommand("command-1"))?.effect, "e1");
  assert.is(await ledger.byCommand("command-2"), undefined);
  assert.is((await ledger.effect("e2"))?.outcome, "stored");
  assert.is(await ledger.effect("e3"), undefined);
  const { magazines, bins } = await ledger.stock();
  assert.equal([magazines.map(({ magazine }) => magazine), bins.length], [["M1"], 1]);
  await ledger.probe();
});

test("the intent of a row is what was meant", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const clear: Intent = { effect: "e9", kind: "clear", slot: "M1", clears: "e1", anyCard: true };
  const { command, ...release } = RELEASE;
  for (const [intent, meant] of [
    [RELEASE, release],
    [LOAD, LOAD],
    [clear, clear],
  ] as const) {
    await rig.ledger.intent(intent);
    assert.equal(intentOf((await rig.ledger.effect(intent.effect)) as EffectRow), meant);
  }
  assert.is(BOOT.id, (await rig.row("effects", "e9"))?.boot);
});

test("a statement that fails takes its whole operation back", async (t) => {
  const row = { ...RELEASE, latch_seen: 0 } as unknown as EffectRow;
  for (const [where, prepare, job] of [
    ["UPDATE ON effects", true, (l: Ledger) => l.latchSeen(RELEASE)],
    ["UPDATE ON effects", true, (l: Ledger) => l.staffCame(row)],
    ["UPDATE ON slots", true, (l: Ledger) => l.lockOut("1", "e1", "why")],
    ["UPDATE ON exchanges", true, (l: Ledger) => l.closeExchange("x1", "anna")],
    ["UPDATE OF was_state ON slots", false, (l: Ledger) => l.intent(RELEASE)],
    ["INSERT ON motions", true, (l: Ledger) => l.issue(RELEASE, PATH, { ...AT, motion: "feed" })],
    [
      "INSERT ON credentials",
      true,
      (l: Ledger) => l.openExchange("x2", [{ id: "c9", operator: "a", unlocks: 1 }]),
    ],
    ["INSERT ON alarms", true, (l: Ledger) => l.alarm("tamper", "a1")],
    ["DELETE ON alarms", true, (l: Ledger) => l.alarmCleared("tilt", "a0", "anna")],
    [
      "UPDATE OF was_state ON slots",
      false,
      async (l: Ledger) => l.settle((await l.slots())[0] as SlotRow, "removed", "anna"),
    ],
  ] as const) {
    const rig = await ledgerRig(t);
    if (prepare) await rig.ledger.intent(RELEASE);
    await rig.ledger.openExchange("x1", CREDENTIALS);
    await rig.ledger.alarm("tilt", "a0");
    await rig.lay(async (s) => {
      await s.run(
        "UPDATE slots SET to_device = 'kerong/9', to_compartment = 1, was_state = 'loaded' WHERE slot = '1'",
      );
      await s.run(`CREATE TRIGGER broken BEFORE ${where} BEGIN SELECT RAISE(ABORT, 'broken'); END`);
    });
    const tables = () => Promise.all(["journal", "effects", "slots", "exchanges"].map(rig.rows));
    const before = await tables();
    const thrown = await Promise.resolve(job(rig.ledger)).then(
      () => undefined,
      (error) => error,
    );
    assert.match(String(thrown), "broken", where);
    assert.equal(await tables(), before, where);
  }
});

test("a ledger that cannot write down a new magazine is not opened", async (t) => {
  const rig = await ledgerRig(t);
  await rig.lay(async (s) => {
    await s.run("CREATE TRIGGER broken BEFORE INSERT ON bins BEGIN SELECT RAISE(ABORT, 'broken'); END");
  });
  const thrown = await rig.reopen({ magazines: [STACK] }).catch((error) => error);
  assert.match(String(thrown), "broken");
});

test("a compartment whose name a magazine has now is in doubt for no longer than a trial takes", async (t) => {
  const rig = await ledgerRig(t, { slots: [{ slot: "M1", device: "kerong/0", compartment: 0 }] });
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'h' WHERE slot = 'M1'");
  });
  setLog({ sink: () => undefined });
  t.after(() => setLog({ sink: (line) => process.stderr.write(`${JSON.stringify(line)}\n`) }));
  await rig.reopen({ slots: [], magazines: [STACK] });
  const row = await rig.row("slots", "M1");
  assert.equal([row?.state, row?.was_state, row?.was_until], ["unknown", "loaded", WALL + 600_000]);
});

test("a store that does not write any more says so when it is asked", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.close();
  const thrown = await rig.ledger.probe().catch((error) => error);
  assert.ok(isFault(thrown, "store.dead"), String(thrown));
  await rig.reopen();
});

test("a write whose job fails has happened not at all, and is told to nobody", async (t) => {
  const rig = await ledgerRig(t);
  let told = 0;
  rig.ledger.onJournal = () => told++;
  const fault = vaultFault("noSlot");
  await rig.refuses("vault.noSlot", () =>
    rig.ledger.write("any.thing", {}, async (s) => {
      await s.run("UPDATE slots SET state = 'loaded' WHERE slot = '1'");
      throw fault;
    }),
  );
  assert.is(told, 0);
  await rig.writes([{ event: "any.thing", detail: "why" }], () =>
    rig.ledger.write("any.thing", { detail: "why" }, async () => undefined),
  );
});

run();
