import * as assert from "uvu/assert";
import { type Dispenser, deviceFault, type Session } from "../../../drivers/contract/index.ts";
import { DeviceHost } from "../../../drivers/host/index.ts";
import { err, ok, systemClock } from "../../../drivers/kit/index.ts";
import { Dispensers } from "../../../runtime/vault/dispensers.ts";
import { suite } from "../../kit.ts";
import { CARDS, type CardRig, cardRig, DISPENSER, OLD_CARD } from "../../support/card-rig.ts";
import type { VaultClient } from "../../support/vault-client.ts";

const { test, run } = suite("vault with a dispenser");
/** The end of a question for the path, without its check byte. */
const STATUS = /43313003..$/;
const [A, B, C] = CARDS as [string, string, string];

const take = (rig: CardRig) => ({ presented: () => void rig.plant.cards.take(DISPENSER) });
const places = (rig: CardRig) =>
  Object.fromEntries(
    rig.plant.ledgerOfItems().map(({ code, place }) => [code, place.replace(`${DISPENSER}/`, "")]),
  );

/** The ledger's counts, which must balance, and hold what the plant holds. */
async function counts(rig: CardRig, client: VaultClient): Promise<Record<string, unknown>> {
  const { magazine, bin } = await rig.stock(client);
  assert.is(magazine.balanced, true, "magazine balances");
  assert.is(bin.balanced, true, "bin balances");
  assert.is(bin.held, rig.view().counter, "bin as the unit has counted it");
  const { initial, remaining, presented, unknown, delivered, rejected, retracted, removed, suspect } =
    magazine;
  const told = { initial, remaining, presented, unknown, delivered, rejected, retracted, removed, suspect };
  return Object.fromEntries(Object.entries({ ...told, accepted: bin.accepted }).filter(([, value]) => value));
}

for (const profile of ["m001", "r02"] as const) {
  test(`${profile}: each of three people takes the own card, in order`, async (t) => {
    const rig = await cardRig(t, { profile });
    const client = await rig.start();
    assert.is(await rig.fill(client, CARDS), "ok");
    for (const card of CARDS) {
      const { end } = await rig.collect(client, rig.papers.voucher(card), take(rig));
      assert.is(end?.outcome, "taken");
      assert.is(places(rig)[card], "out");
    }
    assert.equal(await counts(rig, client), { initial: 3, delivered: 3 });
    assert.equal(rig.view().motions, { feed: 3, present: 3, retract: 0, eject: 0, entry: 0 });
    assert.equal((await rig.collect(client, rig.papers.voucher(A, { seq: 2 }))).refused, "vault.notLoaded");
  });
}

test("each motion has its row before its first byte, and the voucher is consumed with the first", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, CARDS);
  rig.steps.length = 0;
  await rig.collect(client, rig.papers.voucher(A));
  assert.equal(rig.steps, [
    "before-intent",
    "intent",
    "before-issued",
    "issued",
    "feed-sent",
    "identified",
    "before-present",
    "present-issued",
    "present-sent",
    "at-gate",
    "before-retract",
    "retract-issued",
    "retract-sent",
    "before-outcome",
    "outcome",
  ]);
  const journal = await client.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  const events = journal.value.body.rows
    .map(({ event }) => event)
    .filter((event) => event.startsWith("handover"));
  assert.equal(events, [
    "handover.intent",
    "handover.issued",
    "handover.identified",
    "handover.present",
    "handover.retract",
    "handover.outcome",
  ]);
});

test("a service door that opens while a unit is asked for its path stops what moves, and only that", async (t) => {
  const rig = await cardRig(t, { door: true });
  const client = await rig.start();
  await rig.fill(client, CARDS);
  /** The next question for the path after `step` is the one before the byte: the door opens meanwhile. */
  const openAfter = (step: string) => {
    rig.onWrite = (hex) => {
      if (rig.steps.at(-1) !== step || !STATUS.test(hex)) return;
      rig.onWrite = () => undefined;
      rig.door(true);
    };
  };
  openAfter("issued");
  const fed = await rig.collect(client, rig.papers.voucher(A), take(rig));
  assert.equal([fed.end?.outcome, fed.end?.modifier], ["notMoved", undefined]);
  assert.equal(rig.view().motions, { feed: 0, present: 0, retract: 0, eject: 0, entry: 0 });
  rig.door(false);
  openAfter("present-issued");
  const offered = await rig.collect(client, rig.papers.voucher(A, { seq: 2 }), take(rig));
  assert.equal([offered.end?.outcome, offered.end?.modifier], ["notMoved", "retracted"]);
  assert.equal(rig.view().motions, { feed: 1, present: 0, retract: 1, eject: 0, entry: 0 });
  rig.door(false);
  openAfter("retract-issued");
  const left = await rig.collect(client, rig.papers.voucher(B));
  assert.equal(
    [left.end?.outcome, left.end?.modifier],
    ["presented", "retracted"],
    "out of reach all the same",
  );
  assert.equal(await counts(rig, client), { initial: 3, remaining: 1, retracted: 2 });
  rig.door(false);
  assert.is((await rig.collect(client, rig.papers.voucher(C), take(rig))).end?.outcome, "taken");
});

test("what nobody takes is captured after its time: presented, retracted, and the voucher is used up", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, CARDS);
  const voucher = rig.papers.voucher(A);
  const { end } = await rig.collect(client, voucher);
  assert.equal([end?.outcome, end?.modifier], ["presented", "retracted"]);
  assert.equal(await counts(rig, client), { initial: 3, remaining: 2, retracted: 1 });
  assert.is(places(rig)[A], "bin");
  assert.is((await rig.collect(client, voucher)).refused, "vault.consumed");
  assert.is((await rig.collect(client, rig.papers.voucher(B), take(rig))).end?.outcome, "taken");
});

test("a unit that takes an item back by its own timer: presented and retracted, never taken", async (t) => {
  const rig = await cardRig(t, { profile: "r02", ownTimerMs: 200 });
  const client = await rig.start();
  await rig.fill(client, CARDS);
  const { end } = await rig.collect(client, rig.papers.voucher(A));
  assert.equal([end?.outcome, end?.modifier], ["presented", "retracted"]);
  assert.is(rig.view().motions.retract, 1);
  assert.equal(await counts(rig, client), { initial: 3, remaining: 2, retracted: 1 });
});

test("another item than the voucher's is captured unseen, and the magazine rests until staff recount it", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  // Staff laid them in another order than they listed.
  await rig.fill(client, [B, A, C], [A, B, C]);
  const { end } = await rig.collect(client, rig.papers.voucher(A), take(rig));
  assert.equal([end?.outcome, end?.modifier], ["notMoved", "rejected"]);
  assert.equal(places(rig), { [B]: "bin", [A]: "magazine", [C]: "magazine" });
  assert.equal(rig.view().motions, { feed: 1, present: 0, retract: 1, eject: 0, entry: 0 });
  assert.equal(await counts(rig, client), { initial: 3, remaining: 2, rejected: 1, suspect: "wrongItem" });
  for (const card of [A, C])
    assert.is(
      (await rig.collect(client, rig.papers.voucher(card, { seq: 2 }))).refused,
      "vault.magazineSuspect",
    );
  assert.is((await rig.collect(client, rig.papers.voucher(B))).refused, "vault.notLoaded");
  assert.is(await rig.fill(client, [], [A, C]), "ok");
  assert.is((await rig.collect(client, rig.papers.voucher(A, { seq: 3 }), take(rig))).end?.outcome, "taken");
  assert.equal(await counts(rig, client), { initial: 3, remaining: 1, delivered: 1, rejected: 1 });
});

test("an item that nobody listed, one whose chip is silent, and two at once are captured and counted", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, ["04123456789ABC", A, B], [A, B]);
  const first = await rig.collect(client, rig.papers.voucher(A), take(rig));
  assert.equal([first.end?.outcome, first.end?.modifier], ["notMoved", "rejected"]);
  assert.equal(await counts(rig, client), { initial: 3, remaining: 2, rejected: 1, suspect: "wrongItem" });
  await rig.fill(client, [], [A, B]);
  rig.plant.cards.setDoubleFeed(DISPENSER, 1);
  const second = await rig.collect(client, rig.papers.voucher(A, { seq: 2 }), take(rig));
  assert.equal([second.end?.outcome, second.end?.modifier], ["notMoved", "rejected"]);
  assert.equal(places(rig), { "04123456789ABC": "bin", [A]: "bin", [B]: "bin" });
  assert.equal(await counts(rig, client), { initial: 3, remaining: 1, rejected: 2, suspect: "unreadable" });
  assert.is(rig.view().motions.present, 0);
});

test("an item behind others is refused, nothing moves", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, CARDS);
  assert.is((await rig.collect(client, rig.papers.voucher(B))).refused, "vault.behindOthers");
  assert.equal(Object.values(rig.view().motions), [0, 0, 0, 0, 0]);
});

test("a jam at each motion: what is not out of reach is never called taken, and the path must be freed", async (t) => {
  for (const [motor, where, outcome, modifier] of [
    ["feed", "start", "notMoved", undefined],
    ["feed", "middle", "notMoved", "inPath"],
    ["present", "start", "notMoved", "retracted"],
    ["present", "middle", "notMoved", "inPath"],
    ["retract", "start", "presented", undefined],
  ] as const) {
    const rig = await cardRig(t);
    const client = await rig.start();
    await rig.fill(client, CARDS);
    rig.plant.cards.setJam(DISPENSER, { motor, where, after: 0 });
    const { end } = await rig.collect(client, rig.papers.voucher(A));
    assert.equal([end?.outcome, end?.modifier], [outcome, modifier], `${motor} ${where}`);
    await counts(rig, client);
    if (modifier === "inPath" || motor === "retract")
      assert.is((await rig.collect(client, rig.papers.voucher(B))).end, undefined);
    await rig.stop();
  }
});

test("a full bin or an empty magazine moves nothing; the sensors against the ledger make it suspect", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  assert.is(await rig.fill(client, [], [A]), "vault.contradiction");
  await rig.fill(client, CARDS);
  rig.plant.cards.setBinCapacity(DISPENSER, 0);
  assert.is((await rig.collect(client, rig.papers.voucher(A))).refused, "vault.binFull");
  rig.plant.cards.setBinCapacity(DISPENSER, 10);
  rig.plant.cards.empty(DISPENSER, "magazine");
  assert.is((await rig.collect(client, rig.papers.voucher(A))).refused, "vault.contradiction");
  assert.is((await rig.collect(client, rig.papers.voucher(A))).refused, "vault.magazineSuspect");
  assert.equal(Object.values(rig.view().motions), [0, 0, 0, 0, 0]);
  assert.is(await rig.fill(client, [], []), "ok");
  assert.equal(await counts(rig, client), { initial: 3, removed: 3 });
});

const push = (rig: CardRig, card = OLD_CARD) => ({
  entryOpen: () => void rig.plant.cards.insert(DISPENSER, card),
});

test("an old card comes in under its voucher and is kept; the entry is closed after", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, CARDS);
  const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
  const { end } = await rig.collect(client, voucher, push(rig));
  assert.equal([end?.outcome, end?.modifier], ["taken", "accepted"]);
  assert.not(rig.view().entry);
  assert.equal(await counts(rig, client), { initial: 3, remaining: 3, accepted: 1 });
  assert.is((await rig.collect(client, voucher, push(rig))).refused, "vault.consumed");
  // A card of which only is known that it is old.
  const any = rig.papers.voucher("OLD-0042", { intake: "any" });
  assert.is((await rig.collect(client, any, push(rig, "04FFEEDDCCBB02"))).end?.modifier, "accepted");
  assert.equal(rig.view().motions, { feed: 0, present: 0, retract: 2, eject: 0, entry: 2 });
});

test("another card than the expected one is given back; none at all leaves the entry closed", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  const other = rig.papers.voucher(OLD_CARD, { intake: "exact" });
  const given = await rig.collect(client, other, { ...push(rig, "04FFEEDDCCBB02"), ...take(rig) });
  assert.equal([given.end?.outcome, given.end?.modifier], ["notMoved", "returned"]);
  const none = await rig.collect(client, rig.papers.voucher(OLD_CARD, { intake: "exact", seq: 2 }));
  assert.equal([none.end?.outcome, none.end?.modifier], ["notMoved", undefined]);
  assert.not(rig.view().entry);
  assert.equal(await counts(rig, client), {});
});

test("nobody is sent to an entry that was not opened, and the journal says why it was not", async (t) => {
  const rig = await cardRig(t, { door: true });
  const client = await rig.start();
  rig.onWrite = (hex) => {
    if (rig.steps.at(-1) !== "issued" || !STATUS.test(hex)) return;
    rig.onWrite = () => undefined;
    rig.door(true);
  };
  let shown = 0;
  const entryOpen = () => void shown++;
  const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
  const { end } = await rig.collect(client, voucher, { entryOpen });
  assert.equal([end?.outcome, shown], ["notMoved", 0]);
  assert.is(rig.view().motions.entry, 0);
  const journal = await client.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  const last = journal.value.body.rows.findLast(({ event }) => event === "intake.outcome");
  assert.equal([last?.outcome, last?.detail], ["notMoved", "device.interlocked"]);
});

test("a unit that does not say that its entry is closed is opened anew, which closes it", async (t) => {
  let opened = 0;
  let refuses = true;
  const session = {
    identity: {},
    capabilities: {},
    verbs: {
      endAccept: async () => (refuses ? err(deviceFault("refused", { vendor: "01" })) : ok(undefined)),
    },
    recover: async () => {
      opened++;
      return {};
    },
    probe: async () => undefined,
    lost: new Promise<never>(() => undefined),
    close: async () => undefined,
  } as unknown as Session<Dispenser>;
  const host = new DeviceHost<Dispenser>({
    role: DISPENSER,
    class: "dispenser",
    name: "dispenser.fake",
    probeEveryMs: 60_000,
    deviceTimeMs: 1_000,
    open: async () => session,
  });
  host.start();
  t.after(() => host.stop());
  await host.whenReady();
  const dispensers = new Dispensers(new Map([[DISPENSER, host]]), [], systemClock);
  await dispensers.endAccept(DISPENSER);
  await host.whenReady();
  assert.is(opened, 2);
  refuses = false;
  await dispensers.endAccept(DISPENSER);
  await host.whenReady();
  assert.is(opened, 2);
});

test("another card that nobody takes back is captured, and is not called taken in", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
  const { end } = await rig.collect(client, voucher, push(rig, "04FFEEDDCCBB02"));
  assert.equal([end?.outcome, end?.modifier], ["presented", "rejected"]);
  assert.is(rig.view().counter, 1);
  assert.is((await rig.stock(client)).bin.balanced, true);
});

test("the bin is emptied by staff: unit and ledger count from zero, and both stay balanced", async (t) => {
  const rig = await cardRig(t);
  const client = await rig.start();
  await rig.fill(client, CARDS);
  await rig.collect(client, rig.papers.voucher(A));
  rig.plant.cards.empty(DISPENSER, "bin");
  const begun = await client.call("exchange.begin", { credentials: [rig.papers.credential("anna")] });
  assert.ok(begun.ok);
  const emptied = await client.call("exchange.emptyBin", { exchange: begun.value.body.exchange, slot: "M1" });
  assert.ok(emptied.ok && emptied.value.body.items === 1);
  await client.call("exchange.end", { exchange: begun.value.body.exchange });
  assert.is(rig.view().counter, 0);
  assert.equal(await counts(rig, client), { initial: 3, remaining: 2, retracted: 1 });
});

run();
