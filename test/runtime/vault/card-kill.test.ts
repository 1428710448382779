import * as assert from "uvu/assert";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { CARDS, type CardRig, cardRig, DISPENSER, FAST_CARDS, OLD_CARD } from "../../support/card-rig.ts";
import { frozenAt } from "../../support/freeze.ts";

/**
 * The vault ends at each named step of a hand-over from a dispenser and is started anew on what was durable then; the unit
 * went on meanwhile, or lost its power too. The plant counts each motion, and knows where the card is.
 */
const { test, run } = suite("vault with a dispenser, cut");
const [A, B] = CARDS as [string, string, string];

interface Cut {
  step: string;
  /** What happens while the vault is away. */
  meanwhile?: "take" | "powerCycle";
  outcome: string | undefined;
  modifier?: string;
  /** Where the card is in the end. */
  place: string;
  motions: { feed: number; present: number; retract: number };
}

const cuts: Cut[] = [
  {
    step: "before-intent",
    outcome: undefined,
    place: "magazine",
    motions: { feed: 0, present: 0, retract: 0 },
  },
  { step: "intent", outcome: "notMoved", place: "magazine", motions: { feed: 0, present: 0, retract: 0 } },
  {
    step: "before-issued",
    outcome: "notMoved",
    place: "magazine",
    motions: { feed: 0, present: 0, retract: 0 },
  },
  { step: "issued", outcome: "notMoved", place: "magazine", motions: { feed: 0, present: 0, retract: 0 } },
  // What is left at the reader is captured by a motion of its own, once everything is settled.
  ...["feed-sent", "identified", "before-present", "present-issued"].map((step) => ({
    step,
    outcome: "notMoved",
    modifier: "retracted",
    place: "bin",
    motions: { feed: 1, present: 0, retract: 1 },
  })),
  ...["present-sent", "at-gate", "before-retract", "retract-issued"].map((step) => ({
    step,
    meanwhile: "take" as const,
    outcome: "taken",
    place: "out",
    motions: { feed: 1, present: 1, retract: 0 },
  })),
  {
    step: "present-sent",
    outcome: "presented",
    modifier: "retracted",
    place: "bin",
    motions: { feed: 1, present: 1, retract: 1 },
  },
  {
    step: "at-gate",
    meanwhile: "powerCycle",
    outcome: "presented",
    modifier: "retracted",
    place: "bin",
    motions: { feed: 1, present: 1, retract: 1 },
  },
  ...["retract-sent", "before-outcome", "outcome"].map((step) => ({
    step,
    outcome: "presented",
    modifier: "retracted",
    place: "bin",
    motions: { feed: 1, present: 1, retract: 1 },
  })),
  // An item at the gate whose retract was issued and not sent is not moved again: it stays until somebody sees to it.
  {
    step: "retract-issued",
    outcome: "presented",
    place: "gate",
    motions: { feed: 1, present: 1, retract: 0 },
  },
];

const placeOf = (rig: CardRig, card: string) =>
  rig.plant
    .ledgerOfItems()
    .find(({ code }) => code === card)
    ?.place.replace(`${DISPENSER}/`, "");

/** Starts on what is durable at `step`, after the first vault was cut off there. */
async function cutAt(t: TestContext, cut: Cut, over: Parameters<CardRig["start"]>[1] = {}) {
  const rig = await cardRig(t);
  const first = await rig.start();
  assert.is(await rig.fill(first, CARDS), "ok");
  const frozen = frozenAt(t, rig, cut.step);
  const voucher = rig.papers.voucher(A);
  const command = `cut-${cut.step}`;
  void rig.collect(first, voucher, {}, command);
  await frozen.reached;
  if (cut.meanwhile === "take") rig.plant.cards.take(DISPENSER);
  if (cut.meanwhile === "powerCycle") rig.unit.powerCycle();
  const client = await frozen.restart(undefined, over);
  return { rig, client, voucher, command };
}

for (const cut of cuts) {
  const also = cut.meanwhile ? `, meanwhile ${cut.meanwhile}` : "";
  test(`cut at ${cut.step}${also}: ${cut.outcome ?? "never heard of"}, card ${cut.place}`, async (t) => {
    const { rig, client, voucher, command } = await cutAt(t, cut);
    const told = async () => {
      const answer = await client.call("collect.outcome", { command });
      assert.ok(answer.ok);
      return answer.value.body.handover;
    };
    for (let i = 0; i < 600 && placeOf(rig, A) !== cut.place; i++)
      await new Promise((r) => setTimeout(r, 10));
    for (let i = 0; i < 600 && (await told())?.modifier !== cut.modifier; i++)
      await new Promise((r) => setTimeout(r, 10));
    assert.is((await told())?.outcome, cut.outcome);
    assert.is((await told())?.modifier, cut.modifier);
    assert.is(placeOf(rig, A), cut.place);
    const { feed, present, retract, eject, entry } = rig.view().motions;
    assert.equal({ feed, present, retract }, cut.motions);
    assert.equal([eject, entry], [0, 0]);
    const { magazine, bin } = await rig.stock(client);
    assert.is(magazine.balanced, true);
    assert.is(bin.balanced, true);
    assert.is(bin.held, rig.view().counter);
    assert.is(magazine.suspect, undefined);
    const paid = cut.outcome !== undefined && !["intent", "before-issued"].includes(cut.step);
    if (paid) assert.is((await rig.collect(client, voucher)).refused, "vault.consumed");
    // The next person is served where the path is free.
    if (cut.place === "gate") return;
    const next = cut.place === "magazine" ? A : B;
    const again = await rig.collect(client, rig.papers.voucher(next, { seq: 2 }), {
      presented: () => void rig.plant.cards.take(DISPENSER),
    });
    assert.is(again.end?.outcome, "taken");
    assert.is(placeOf(rig, next), "out");
  });
}

const intakeCuts: [step: string, outcome: string, place: string | undefined][] = [
  ["intent", "notMoved", undefined],
  ["issued", "notMoved", undefined],
  ["accept-sent", "notMoved", undefined],
  ["card-in", "taken", "bin"],
  ["entry-closed", "taken", "bin"],
  ["identified", "taken", "bin"],
  ["retract-sent", "taken", "bin"],
  ["outcome", "taken", "bin"],
];
for (const [step, outcome, place] of intakeCuts) {
  test(`an old card, cut at ${step}: ${outcome}, ${place ?? "never in"}, the entry closed`, async (t) => {
    const rig = await cardRig(t);
    const first = await rig.start();
    const frozen = frozenAt(t, rig, step);
    const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
    void rig.collect(
      first,
      voucher,
      { entryOpen: () => void rig.plant.cards.insert(DISPENSER, OLD_CARD) },
      "old-card-command",
    );
    await frozen.reached;
    const client = await frozen.restart();
    for (let i = 0; i < 600 && placeOf(rig, OLD_CARD) !== place; i++)
      await new Promise((r) => setTimeout(r, 10));
    const told = async () => {
      const answer = await client.call("collect.outcome", { command: "old-card-command" });
      assert.ok(answer.ok);
      return answer.value.body.handover?.outcome;
    };
    for (let i = 0; i < 600 && (await told()) !== outcome; i++) await new Promise((r) => setTimeout(r, 10));
    assert.is(await told(), outcome);
    assert.is(placeOf(rig, OLD_CARD), place);
    assert.not(rig.view().entry);
    for (let i = 0; i < 600 && (await rig.stock(client)).bin.held !== rig.view().counter; i++)
      await new Promise((r) => setTimeout(r, 10));
    const { bin } = await rig.stock(client);
    assert.equal([bin.balanced, bin.held, bin.accepted], [true, rig.view().counter, place ? 1 : 0]);
  });
}

for (const step of ["card-in", "entry-closed", "identified"]) {
  test(`another card than the expected one, cut at ${step}: captured, and not called taken in`, async (t) => {
    const rig = await cardRig(t);
    const first = await rig.start();
    const frozen = frozenAt(t, rig, step);
    const other = "04FFEEDDCCBB02";
    const entryOpen = () => void rig.plant.cards.insert(DISPENSER, other);
    const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
    void rig.collect(first, voucher, { entryOpen }, "old-card-command");
    await frozen.reached;
    const client = await frozen.restart();
    const told = async () => {
      const answer = await client.call("collect.outcome", { command: "old-card-command" });
      assert.ok(answer.ok);
      return answer.value.body.handover;
    };
    await eventually("the card is captured", async () => (await told())?.modifier === "rejected");
    assert.is((await told())?.outcome, "notMoved");
    assert.is(placeOf(rig, other), "bin");
  });
}

const AT_GATE: Cut = {
  step: "at-gate",
  outcome: "presented",
  place: "gate",
  motions: { feed: 1, present: 1, retract: 0 },
};

test("what could not be captured is tried again: a bin that was full, an exchange that was open", async (t) => {
  const rig = await cardRig(t);
  const first = await rig.start();
  await rig.fill(first, CARDS);
  const frozen = frozenAt(t, rig, AT_GATE.step);
  void rig.collect(first, rig.papers.voucher(A), {}, "cut-and-tried");
  await frozen.reached;
  rig.plant.cards.setBinCapacity(DISPENSER, 0);
  const limits = { ...FAST_CARDS, take: 50, retry: 100 };
  const client = await frozen.restart(undefined, { limits });
  const looks = rig.unit.requests.length;
  await eventually("it looks", () => rig.unit.requests.length > looks + 20);
  assert.is(rig.view().motions.retract, 0);
  // The line is silent at the one moment at which it would be captured.
  rig.onStep = (step) => {
    if (step !== "intent") return;
    rig.onStep = () => undefined;
    rig.plant.cards.setBinCapacity(DISPENSER, 0);
  };
  rig.plant.cards.setBinCapacity(DISPENSER, 10);
  await eventually("the first try comes to nothing", async () => {
    const journal = await client.call("journal.read", { after: 0 });
    return journal.ok && journal.value.body.rows.some(({ event }) => event === "path.outcome");
  });
  assert.is(rig.view().motions.retract, 0);
  rig.plant.cards.setBinCapacity(DISPENSER, 10);
  await eventually("it is captured", () => placeOf(rig, A) === "bin");
});

test("what is gone from the path and was counted nowhere ends unknown", async (t) => {
  const { rig, client, command } = await cutAt(t, AT_GATE, { limits: { ...FAST_CARDS, take: 60_000 } });
  rig.plant.dispenser(DISPENSER).setCounter(7);
  rig.plant.cards.free(DISPENSER);
  await eventually("it is settled", async () => {
    const answer = await client.call("collect.outcome", { command });
    return answer.ok && answer.value.body.handover?.outcome === "unknown";
  });
  const { magazine } = await rig.stock(client);
  assert.equal([magazine.unknown, magazine.balanced, magazine.suspect], [1, true, "unknown"]);
});

test("while staff have the machine open nothing left is moved, and what goes from the gate is unknown", async (t) => {
  const cut = {
    step: "at-gate",
    outcome: "presented",
    place: "gate",
    motions: { feed: 1, present: 1, retract: 0 },
  };
  const { rig, client, command } = await cutAt(t, cut, { limits: { ...FAST_CARDS, take: 6_000 } });
  const begun = await client.call("exchange.begin", { credentials: [rig.papers.credential("anna")] });
  assert.ok(begun.ok);
  // Longer than a person has: it would be captured by now.
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  assert.is(rig.view().motions.retract, 0);
  rig.plant.cards.free(DISPENSER);
  const told = async () => {
    const answer = await client.call("collect.outcome", { command });
    return answer.ok ? answer.value.body.handover?.outcome : undefined;
  };
  for (let i = 0; i < 600 && (await told()) !== "unknown"; i++) await new Promise((r) => setTimeout(r, 10));
  assert.is(await told(), "unknown");
  const { exchange } = begun.value.body;
  await client.call("exchange.end", { exchange });
  const status = await client.call("status", {});
  assert.ok(status.ok);
  const row = status.value.body.slots.find(({ slot }) => slot === "M1-01");
  assert.is(row?.state, "unknown");
  const { magazine } = await rig.stock(client);
  assert.equal([magazine.unknown, magazine.balanced, magazine.suspect], [1, true, "unknown"]);
  assert.is((await rig.collect(client, rig.papers.voucher(B))).refused, "vault.magazineSuspect");
  // A named operator's finding settles the item; a recount the magazine.
  const settlement = rig.papers.settlement("M1-01", row?.effect ?? "", "removed");
  assert.ok((await client.call("settle", { settlement })).ok);
  assert.is(await rig.fill(client, [], CARDS.slice(1)), "ok");
  const after = (await rig.stock(client)).magazine;
  assert.equal([after.unknown, after.removed, after.remaining, after.balanced], [0, 1, 2, true]);
  const next = await rig.collect(client, rig.papers.voucher(B), {
    presented: () => void rig.plant.cards.take(DISPENSER),
  });
  assert.is(next.end?.outcome, "taken");
});

run();
