import * as assert from "uvu/assert";
import type { EffectRow, Intent } from "../../../../runtime/vault/ledger.ts";
import { suite } from "../../../kit.ts";
import {
  AT,
  HANDED,
  LOAD,
  LOCKED,
  ledgerRig,
  PATH,
  RELEASE,
  STACK,
  STAFF,
  UNLOAD,
  WALL,
} from "../../../support/ledger-rig.ts";

/** What is written of a motion from its intent to its outcome: every column and every field of the journal. */
const { test, run } = suite("ledger: motions");

const OPEN = { latch: "open", item: "unknown" } as const;
const FEED: Intent = { ...RELEASE, slot: "M1-01" };

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

run();
