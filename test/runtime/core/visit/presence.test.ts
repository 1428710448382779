import * as assert from "uvu/assert";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { fault, settled, Unit } from "./fakes.ts";

const { test, run } = suite("visit: whether somebody is there");
const APPLY = ["hkic-application", "passport-application", "one-stop"];
const kind = (wanted: View["kind"]) => (view: View) => view.kind === wanted;
const entry = (field: string) => (view: View) => view.kind === "entry" && view.field === field;

test("a person who left is asked after, and then wiped; one who touches has more time", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  await unit.clock.advance(61_000);
  assert.ok((unit.now.chrome.timeout?.seconds ?? 0) > 0);
  const { seq } = unit.now;
  await unit.clock.advance(2_000);
  unit.reception.input(seq, { type: "more" });
  await settled();
  assert.is(unit.now.chrome.timeout, undefined);
  await unit.clock.advance(85_000);
  assert.is(unit.outcome, "expired");
  assert.is(unit.view.kind, "attract");
});

test("the sheets are spoken first, and the seconds alone send nothing", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  await unit.send({ type: "help" });
  assert.match(unit.now.spoken, /^Help Take your time\. .* Your telephone number/);
  await unit.send({ type: "closeHelp" });
  await unit.clock.advance(61_000);
  assert.match(unit.now.spoken, /^Are you still there\? Yes, I need more time Your telephone number/);
  const sent = unit.models.length;
  const left = unit.now.chrome.timeout?.seconds ?? 0;
  await unit.clock.advance(15_000);
  assert.is(unit.models.length, sent);
  assert.ok(
    (unit.now.chrome.timeout?.seconds ?? 99) < left - 10,
    "a page that comes now gets the seconds of now",
  );
});

test("who types or signs for long is not asked after: touches count without an answer", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("nameEn"));
  const { seq } = unit.now;
  for (let told = 0; told < 12; told++) {
    await unit.clock.advance(10_000);
    unit.reception.input(seq, { type: "more" });
  }
  await unit.clock.advance(1_000);
  assert.is(unit.now.chrome.timeout, undefined);
  assert.is(unit.now.seq, seq, "nothing new is sent: the page owns what is typed");
  await unit.clock.advance(85_000);
  assert.is(unit.outcome, "expired");
});

test("a touch that overtakes an answer, or comes behind it, takes nothing from it", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  const asked = unit.now.seq;
  // The answer has left the page before the sheet reached it; the touch of the same press arrives first.
  await unit.clock.advance(60_500);
  assert.ok(unit.now.chrome.timeout);
  unit.reception.input(asked, { type: "more" });
  await settled();
  assert.is(unit.now.chrome.timeout, undefined);
  unit.reception.input(asked, { type: "text", field: "phone", value: "51234567" });
  await settled();
  assert.ok(entry("email")(unit.view));
  // The other way round: the same screen still comes after its time, not with the touch.
  const { seq } = unit.now;
  unit.reception.input(seq, { type: "edit", id: "nothing that this screen has" });
  unit.reception.input(seq, { type: "more" });
  await settled();
  assert.is(unit.now.seq, seq);
  await unit.clock.advance(300);
  assert.is(unit.now.seq, seq + 1);
});

test("a sensor that sees nobody does not keep an abandoned visit alive", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.handlers["finger.capture"] = async () => {
    await unit.clock.sleep(30_000);
    return fault("device.timeoutUser");
  };
  await unit.begin("hkic-application");
  await unit.walk(kind("finger"));
  await unit.clock.advance(85_000);
  assert.is(unit.outcome, "expired");
});

test("a sensor that fails and comes back again and again does not keep an abandoned visit alive", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.handlers["finger.capture"] = async () => {
    await unit.clock.sleep(3_000);
    return fault("device.absent");
  };
  await unit.begin("hkic-application");
  await unit.walk(kind("finger"));
  await unit.clock.advance(85_000);
  assert.is(unit.outcome, "expired");
});

test("a finger that was there but poor is a sign of a person", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.handlers["finger.capture"] = async () => {
    await unit.clock.sleep(50_000);
    return fault("device.poorQuality");
  };
  await unit.begin("hkic-application");
  await unit.walk(kind("finger"));
  await unit.clock.advance(110_000);
  assert.is(unit.outcome, undefined);
  assert.is(unit.view.kind, "finger");
});

run();
