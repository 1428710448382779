import * as assert from "uvu/assert";
import { type CardEvidence, judgeCard, judgeIntake } from "../../../runtime/vault/card-evidence.ts";
import { finishCard, identified } from "../../../runtime/vault/card-ledger.ts";
import { readOf } from "../../../runtime/vault/card-motion.ts";
import type { Intent } from "../../../runtime/vault/ledger.ts";
import { suite, type TestContext } from "../../kit.ts";
import { ledgerRig, STACK } from "../../support/ledger-rig.ts";

const { test, run } = suite("card evidence");

type Read = CardEvidence["read"];
/** One item that the bin has counted, from where it was before its last motion. */
const inBin = (kind: "release" | "intake", path: "reader" | "gate", read: Read): CardEvidence => ({
  kind,
  last: "retract",
  before: { path, bin: 3 },
  now: { path: "clear", bin: 4 },
  again: { path: "clear", bin: 4 },
  read,
});

test("a card in the bin was taken in only when it was read and is the expected one", () => {
  const table: [path: "reader" | "gate", read: Read, intake: string, release: string][] = [
    ["reader", "same", "taken accepted", "notMoved retracted"],
    ["reader", "other", "notMoved rejected", "notMoved rejected"],
    ["reader", "unreadable", "notMoved rejected", "notMoved rejected"],
    ["reader", undefined, "notMoved rejected", "notMoved rejected"],
    ["gate", "same", "taken accepted", "presented retracted"],
    ["gate", "other", "presented rejected", "presented rejected"],
    ["gate", undefined, "presented rejected", "presented rejected"],
  ];
  for (const [path, read, intake, release] of table) {
    const said = ({ outcome, modifier, card }: ReturnType<typeof judgeCard>) => {
      assert.is(card, "bin");
      return `${outcome} ${modifier}`;
    };
    assert.is(said(judgeIntake(inBin("intake", path, read))), intake, `${path} ${read}`);
    assert.is(said(judgeCard(inBin("release", path, read))), release, `${path} ${read}`);
  }
});

test("where any card is taken in, each is the expected one; elsewhere one that nobody read is not", () => {
  for (const read of [undefined, "unreadable", "another"])
    assert.is(readOf({ itemHash: "item", anyCard: true }, read), "same");
  assert.is(readOf({ itemHash: "item" }, undefined), undefined);
  assert.is(readOf({ itemHash: "item" }, "another"), "other");
  assert.is(readOf({ itemHash: "item" }, "item"), "same");
});

/** What a motion is called after it left a card at the gate and a clearing has ended. */
async function cleared(
  t: TestContext,
  kind: "release" | "intake",
  about: { read?: string; anyCard?: boolean },
  card: "bin" | "out",
): Promise<string> {
  const { ledger } = await ledgerRig(t, { slots: [], magazines: [STACK] });
  const before = { path: "gate" as const, bin: 0 };
  const left: Intent = {
    effect: "left",
    kind,
    slot: "M1",
    itemHash: "item",
    voucher: { id: "voucher", seq: 1 },
    ...(about.anyCard ? { anyCard: true } : {}),
  };
  await ledger.intent(left);
  await ledger.issue(left, before, { device: STACK.dispenser, compartment: 0, motion: "accept" });
  if (about.read) await identified(ledger, left, about.read);
  await finishCard(ledger, left, { outcome: "presented", card: "gate" }, { magazine: STACK });
  const clear: Intent = { effect: "clear", kind: "clear", slot: "M1", itemHash: "item", clears: "left" };
  await ledger.intent(clear);
  await ledger.issue(clear, before, { device: STACK.dispenser, compartment: 0, motion: "retract" });
  const verdict =
    card === "out" ? { outcome: "taken" as const, card } : { outcome: "notMoved" as const, card };
  await finishCard(ledger, clear, verdict, { magazine: STACK });
  const row = await ledger.effect("left");
  return `${row?.outcome} ${row?.modifier}`;
}

test("a clearing calls an old card taken in only when it is in the bin and was expected", async (t) => {
  assert.is(await cleared(t, "release", { read: "item" }, "out"), "taken null");
  assert.is(await cleared(t, "intake", { read: "another" }, "out"), "notMoved returned");
  assert.is(await cleared(t, "intake", { read: "item" }, "bin"), "taken accepted");
  assert.is(await cleared(t, "intake", { anyCard: true }, "bin"), "taken accepted");
  assert.is(await cleared(t, "intake", { read: "another" }, "bin"), "presented null");
  assert.is(await cleared(t, "intake", {}, "bin"), "presented null");
});

run();
