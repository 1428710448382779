import * as assert from "uvu/assert";
import type { startVault } from "../../../runtime/vault/index.ts";
import { suite, type TestContext } from "../../kit.ts";
import { CARDS, type CardRig, cardRig, DISPENSER, OLD_CARD } from "../../support/card-rig.ts";
import { frozenAt } from "../../support/freeze.ts";
import { type Edit, mustCatch, mutate } from "../../support/mutate.ts";

/** The rules of a hand-over from a dispenser, each as a scenario, and a vault without the rule that must fail it. */
const { test, run } = suite("vault mutants with a dispenser");
const [A, B, C] = CARDS as [string, string, string];

type Scenario = (t: Pick<TestContext, "after">, start: typeof startVault) => Promise<void>;

const take = (rig: CardRig) => ({ presented: () => void rig.plant.cards.take(DISPENSER) });
const placeOf = (rig: CardRig, card: string) =>
  rig.plant.ledgerOfItems().find(({ code }) => code === card)?.place;

async function loaded(
  t: Pick<TestContext, "after">,
  start: typeof startVault,
  cards = CARDS,
  options: Parameters<typeof cardRig>[1] = {},
) {
  const rig = await cardRig(t, options);
  const client = await rig.start(start);
  assert.is(await rig.fill(client, cards, CARDS), "ok");
  return { rig, client };
}

const own: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start, [B, A, C]);
  const { end } = await rig.collect(client, rig.papers.voucher(A), take(rig));
  assert.is(placeOf(rig, B), `${DISPENSER}/bin`);
  assert.equal([end?.outcome, end?.modifier], ["notMoved", "rejected"]);
  assert.is((await rig.collect(client, rig.papers.voucher(A, { seq: 2 }))).refused, "vault.magazineSuspect");
};

const captured: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start, CARDS, { profile: "r02", ownTimerMs: 200 });
  const { end } = await rig.collect(client, rig.papers.voucher(A));
  assert.equal([end?.outcome, end?.modifier], ["presented", "retracted"]);
};

const counted: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start);
  assert.is((await rig.collect(client, rig.papers.voucher(A), take(rig))).end?.outcome, "taken");
  await rig.collect(client, rig.papers.voucher(B));
  const { magazine, bin } = await rig.stock(client);
  assert.equal([magazine.balanced, bin.balanced, bin.held], [true, true, 1]);
};

const expected: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start);
  const voucher = rig.papers.voucher(OLD_CARD, { intake: "exact" });
  const entryOpen = () => void rig.plant.cards.insert(DISPENSER, "04FFEEDDCCBB02");
  const { end } = await rig.collect(client, voucher, { entryOpen });
  assert.equal([end?.outcome, end?.modifier], ["presented", "rejected"]);
};

const order: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start);
  assert.is((await rig.collect(client, rig.papers.voucher(B), take(rig))).refused, "vault.behindOthers");
  assert.is(rig.view().motions.feed, 0);
};

const room: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start);
  rig.plant.cards.setBinCapacity(DISPENSER, 0);
  assert.is((await rig.collect(client, rig.papers.voucher(A), take(rig))).refused, "vault.binFull");
  assert.is(rig.view().motions.feed, 0);
};

/** The service door opens while the unit is asked whether its path is clear. */
const doorAtTheByte: Scenario = async (t, start) => {
  const { rig, client } = await loaded(t, start, CARDS, { door: true });
  rig.onWrite = () => {
    if (rig.steps.at(-1) === "issued") rig.door(true);
  };
  const { end } = await rig.collect(client, rig.papers.voucher(A), take(rig));
  assert.is(rig.view().motions.feed, 0);
  assert.is(end?.outcome, "notMoved");
};

/** Cut right after the row of a motion, before its first byte: it is never sent again. */
const cutAt =
  (step: string): Scenario =>
  async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const frozen = frozenAt(t, rig, step);
    const voucher = rig.papers.voucher(A);
    void rig.collect(client, voucher, {}, "cut-by-power");
    await frozen.reached;
    const again = await frozen.restart(start);
    assert.is((await rig.collect(again, voucher, take(rig))).refused, "vault.consumed");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const { feed, present, retract } = rig.view().motions;
    const wanted = { issued: [0, 0, 0], "retract-issued": [1, 1, 0] }[step];
    assert.equal([feed, present, retract], wanted);
  };

const mutants: Record<string, { edits: Edit[]; caughtBy: Scenario }> = {
  "any item is presented": {
    edits: [
      {
        file: "dispense.ts",
        from: 'if ((await card.identify()) === "same") {',
        to: "await card.identify(); {",
      },
    ],
    caughtBy: own,
  },
  "a magazine in another order goes on": {
    edits: [{ file: "stock.ts", from: "if (doubt && verdict.card", to: "if (false && verdict.card" }],
    caughtBy: own,
  },
  "what left the gate is taken, whatever the bin counted": {
    edits: [{ file: "card-evidence.ts", from: 'if (counted === 1) return "bin";', to: "" }],
    caughtBy: captured,
  },
  "any card in the bin was taken in": {
    edits: [
      {
        file: "card-evidence.ts",
        from: 'return evidence.read === "same" ? { outcome: "taken", modifier',
        to: 'return true ? { outcome: "taken", modifier',
      },
    ],
    caughtBy: expected,
  },
  "a delivered item is not counted": {
    edits: [{ file: "stock.ts", from: 'await count(t, magazine.slot, "delivered");', to: "" }],
    caughtBy: counted,
  },
  "a captured item is not counted into the bin": {
    edits: [{ file: "stock.ts", from: "SET held = held + 1", to: "SET held = held" }],
    caughtBy: counted,
  },
  "an item is fed for, whatever lies before it": {
    edits: [{ file: "collection.ts", from: "return first?.slot === slot ?", to: "return true ?" }],
    caughtBy: order,
  },
  "the interlocks are not asked again at the byte": {
    edits: [
      {
        file: "devices.ts",
        from: "(locks.get(device) ?? dispensers.get(device))?.permit();",
        to: "locks.get(device)?.permit();",
      },
    ],
    caughtBy: doorAtTheByte,
  },
  "a full bin is no reason": {
    edits: [{ file: "dispense.ts", from: "else if (before.binFull)", to: "else if (false)" }],
    caughtBy: room,
  },
  "the voucher is consumed after the first motion": {
    edits: [
      {
        file: "ledger.ts",
        from: `await this.#tx(\`\${family(intent.kind)}.issued\``,
        to: `void this.#tx(\`\${family(intent.kind)}.issued\``,
      },
    ],
    caughtBy: cutAt("issued"),
  },
  "a retract that was issued is issued again by the watch": {
    edits: [
      {
        file: "card-recovery.ts",
        from: 'if (motions.some(({ motion }) => motion === "retract")) return;',
        to: "",
      },
    ],
    caughtBy: cutAt("retract-issued"),
  },
};

for (const [name, { edits, caughtBy }] of Object.entries(mutants)) {
  test(`caught: ${name}`, async (t) => {
    const start = await mutate(edits);
    await mustCatch(t, () => caughtBy(t, start), 30_000);
  });
}

test("the same scenarios pass on the vault that is built the same way without a change", async (t) => {
  const start = await mutate([]);
  for (const scenario of [
    own,
    captured,
    expected,
    counted,
    order,
    room,
    doorAtTheByte,
    cutAt("issued"),
    cutAt("retract-issued"),
  ])
    await scenario(t, start);
});

run();
