import * as assert from "uvu/assert";
import { suite } from "../../../kit.ts";
import { settled, Unit } from "./fakes.ts";

/** Before a visit: what one person does to the screen is not left to the next. */
const { test, run } = suite("visit: rest and the list of services");
const APPLY = ["hkic-application"];

test("a language that was chosen and help that was opened at rest go back after a while", async () => {
  const unit = await Unit.open(APPLY);
  const before = unit.now.language;
  await unit.send({ type: "language", id: "zh-Hant" });
  await unit.clock.advance(40_000);
  await unit.send({ type: "help" });
  await unit.clock.advance(40_000);
  assert.is(unit.now.language, "zh-Hant", "each touch gives more time");
  assert.ok(unit.now.chrome.help);
  await unit.clock.advance(25_000);
  assert.is(unit.now.language, before);
  assert.is(unit.now.chrome.help, undefined);
  assert.is(unit.view.kind, "attract");
});

test("the list of services asks before it goes back to rest, also while help is read", async () => {
  for (const help of [false, true]) {
    const unit = await Unit.open(APPLY);
    await unit.send({ type: "action", id: "begin" });
    if (help) await unit.send({ type: "help" });
    await unit.clock.advance(58_000);
    assert.is(unit.now.chrome.timeout, undefined);
    await unit.clock.advance(7_000);
    const { seq, chrome } = unit.models.at(-1) ?? unit.now;
    // Told once; the page counts by itself.
    assert.is(chrome.timeout?.seconds, 20);
    await unit.clock.advance(3_000);
    unit.reception.input(seq, { type: "more" });
    await settled();
    assert.is(unit.now.chrome.timeout, undefined);
    assert.is(unit.view.kind, "choose");
    await unit.clock.advance(70_000);
    assert.is(unit.view.kind, "choose");
    await unit.clock.advance(12_000);
    assert.is(unit.view.kind, "attract");
    assert.is(unit.now.chrome.help, undefined);
  }
});

test("a choice made while the list counts down is taken", async () => {
  const unit = await Unit.open(APPLY);
  await unit.send({ type: "action", id: "begin" });
  const { seq } = unit.now;
  await unit.clock.advance(65_000);
  assert.ok(unit.now.chrome.timeout && unit.now.seq > seq);
  unit.reception.input(seq, { type: "choose", id: "hkic-application" });
  await unit.walk(
    (view) => view.kind === "notice",
    () => undefined,
  );
});

run();
