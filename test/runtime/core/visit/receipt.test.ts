import * as assert from "uvu/assert";
import { check } from "../../../../drivers/kit/index.ts";
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
  assert.is(receiptOf(unit)?.printing, "The receipt is being printed…");
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

test("what became of a print is said, and it is not offered again; who leaves meanwhile sees the next screen", async () => {
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
  const unit = await Unit.open(APPLY);
  unit.fake.statuses = [PRINTER];
  let answer: (() => void) | undefined;
  unit.fake.handlers["receipt.print"] = () =>
    new Promise((resolve) => {
      answer = () => resolve(reply({ outcome: "presented" }));
    });
  await unit.begin("hkic-application");
  await unit.walk(kind("receipt"));
  await unit.send({ type: "action", id: "print" });
  await unit.send({ type: "next" });
  answer?.();
  await settled();
  assert.is.not(unit.view.kind, "receipt");
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
