import * as assert from "uvu/assert";
import { check, defer } from "../../../../drivers/kit/index.ts";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { sensesMethods } from "../../../../runtime/ipc/index.ts";
import { suite } from "../../../kit.ts";
import { RECEIPT, reply, settled, Unit } from "./fakes.ts";

const { test, run } = suite("visit: the receipt on paper");
const APPLY = ["hkic-application", "passport-application", "one-stop"];
const kind = (wanted: View["kind"]) => (view: View) => view.kind === wanted;

const PRINTER = { class: "printer", lifecycle: "ready" };
const receiptOf = (unit: Unit) => (unit.view.kind === "receipt" ? unit.view : undefined);

test("a receipt can be had on paper where a printer is ready, once; the code stays on the screen", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.statuses = [PRINTER];
  const answers: ((outcome: string) => void)[] = [];
  unit.fake.handlers["receipt.print"] = () =>
    new Promise((resolve) => answers.push((outcome) => resolve(reply({ outcome }))));
  await unit.begin("hkic-application");
  await unit.walk(kind("receipt"));
  assert.equal(receiptOf(unit)?.actions, [{ id: "print", label: "Print it too" }]);
  await unit.send({ type: "action", id: "print" });
  assert.is(receiptOf(unit)?.printing, "The receipt is being printed. Please wait for it.");
  assert.equal(receiptOf(unit)?.actions, []);
  answers[0]?.("presented");
  await settled();
  assert.is(receiptOf(unit)?.printing, "Take your printed receipt below.");
  assert.ok(receiptOf(unit)?.qr);
  assert.is(unit.fake.count("receipt.print"), 1);
  const [call] = unit.fake.calls.filter(({ method }) => method === "receipt.print");
  const checked = check(sensesMethods["receipt.print"].request, call?.body, "receipt.print");
  assert.ok(checked.ok, JSON.stringify(checked));
  assert.match(JSON.stringify(call?.body), RECEIPT);
});

test("what became of a print is said, and it is not offered again", async () => {
  for (const [outcome, words] of [
    ["notMoved", /cannot be printed/],
    ["unknown", /If no receipt comes out/],
  ] as const) {
    const unit = await Unit.open(APPLY);
    unit.fake.statuses = [PRINTER];
    unit.fake.handlers["receipt.print"] = () => reply({ outcome });
    await unit.begin("hkic-application");
    await unit.walk(kind("receipt"));
    await unit.send({ type: "action", id: "print" });
    assert.match(receiptOf(unit)?.printing ?? "", words);
    assert.equal(receiptOf(unit)?.actions, []);
  }
});

/** A unit that prints until the test says what came of it. */
async function printingUnit(): Promise<{ unit: Unit; answer: (outcome: string) => void }> {
  const unit = await Unit.open(APPLY);
  unit.fake.statuses = [PRINTER];
  const printed = defer<string>();
  unit.fake.handlers["receipt.print"] = async () => reply({ outcome: await printed.promise });
  await unit.begin("hkic-application");
  await unit.walk(kind("receipt"));
  return { unit, answer: printed.resolve };
}

test("nobody leaves while it is printed: the paper does not come out before the next person", async () => {
  for (const leave of [{ type: "next" }, { type: "stop" }, { type: "back" }] as const) {
    const { unit, answer } = await printingUnit();
    await unit.send({ type: "action", id: "print" });
    assert.is(receiptOf(unit)?.done, undefined);
    assert.not(unit.now.chrome.can.stop);
    await unit.send(leave);
    await unit.clock.advance(1_000);
    assert.match(receiptOf(unit)?.printing ?? "", /Please wait/, leave.type);
    answer("presented");
    await settled();
    assert.match(receiptOf(unit)?.printing ?? "", /^Take your printed receipt/, leave.type);
    assert.ok(receiptOf(unit)?.done);
    assert.is(await unit.finish(), "completed");
    assert.is(unit.fake.count("receipt.print"), 1);
  }
});

test("who walks away while it is printed is not waited for longer than usual, nor are senses that do not answer", async () => {
  const { unit } = await printingUnit();
  await unit.send({ type: "action", id: "print" });
  await unit.clock.advance(29_000);
  assert.match(receiptOf(unit)?.printing ?? "", /Please wait/);
  await unit.clock.advance(2_000);
  assert.match(receiptOf(unit)?.printing ?? "", /If no receipt comes out/);
  await unit.clock.advance(200_000);
  assert.is(unit.outcome, "completed");
});

test("without a printer nothing is offered; a printer that is away is none", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.statuses = [{ ...PRINTER, lifecycle: "absent" }];
  await unit.begin("hkic-application");
  await unit.walk(kind("receipt"));
  assert.equal(receiptOf(unit)?.actions, []);
  assert.is(receiptOf(unit)?.printing, undefined);
});

run();
