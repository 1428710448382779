import * as assert from "uvu/assert";
import { defer } from "../../../../drivers/kit/index.ts";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { fault, reply, settled, Unit } from "./fakes.ts";

/** Fingers and photographs: how they are taken, kept, given up, and overwritten. */
const { test, run } = suite("visit: captures");
const APPLY = ["hkic-application"];
const kind = (wanted: View["kind"]) => (view: View) => view.kind === wanted;
const entry = (field: string) => (view: View) => view.kind === "entry" && view.field === field;

test("that a finger cannot be given is heard while its advice is read too", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk((view) => view.kind === "finger" && view.title === "Your thumbs");
  unit.fake.handlers["finger.capture"] = () => fault("device.poorQuality", { advice: "tooDry" });
  await unit.walk((view) => view.kind === "finger" && view.advice?.includes("very dry") === true);
  assert.ok(unit.view.kind === "finger" && unit.view.actions.length > 0);
  const before = unit.fake.count("finger.capture");
  await unit.send({ type: "action", id: "cannot" });
  assert.is(unit.view.kind, "message");
  assert.is(unit.fake.count("finger.capture"), before);
});

test("a finger that is tried again does not bring back one that was given up", async () => {
  const unit = await Unit.open(APPLY);
  const takes = unit.fake.handlers["finger.capture"];
  let poor = true;
  // The first is the one that identifies.
  unit.fake.handlers["finger.capture"] = (body) =>
    poor && unit.fake.count("finger.capture") > 1
      ? fault("device.poorQuality")
      : (takes?.(body) ?? reply({}));
  await unit.begin("hkic-application");
  const failed = (finger: string) => (view: View) =>
    view.kind === "message" && view.body.includes(`Your ${finger} could not be taken`);
  await unit.walk(failed("right thumb"));
  await unit.send({ type: "action", id: "go" });
  await unit.walk(failed("left thumb"));
  poor = false;
  await unit.send({ type: "action", id: "again" });
  assert.ok(unit.view.kind === "finger" && unit.view.position === 6);
  assert.is(await unit.finish(), "completed");
  const { captures } = unit.fake.drafts[0] as { captures: { part: string }[] };
  assert.match(JSON.stringify(captures), "finger-6");
  assert.not.match(JSON.stringify(captures), "finger-1");
});

const photoOf = (unit: Unit): Uint8Array | undefined =>
  (unit.fake.drafts[0] as { parts: { name: string; bytes: Uint8Array }[] }).parts.find(
    ({ name }) => name === "photo",
  )?.bytes;
const poorPhoto = () => reply({ pass: false, verdicts: [] }, [new Uint8Array(9).fill(5), new Uint8Array(0)]);

test("who comes back to a photo keeps it or takes another, and can go back without either", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("nameEn"));
  await unit.send({ type: "back" });
  assert.ok(unit.view.kind === "photo" && unit.view.picture !== undefined);
  await unit.send({ type: "action", id: "use" });
  assert.ok(entry("nameEn")(unit.view));
  assert.is(unit.fake.count("photo.take"), 1);
  await unit.send({ type: "back" });
  await unit.send({ type: "action", id: "retake" });
  assert.ok(unit.view.kind === "photo" && unit.view.picture === undefined);
  await unit.send({ type: "back" });
  assert.is(await unit.finish(), "completed");
  assert.is(unit.fake.count("photo.take"), 1);
  assert.equal(photoOf(unit), new Uint8Array(20).fill(2));
});

test("a photo that was not wanted is not sent when no other could be taken, as the screen says", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("nameEn"));
  await unit.send({ type: "back" });
  await unit.send({ type: "action", id: "retake" });
  unit.fake.handlers["photo.take"] = poorPhoto;
  await unit.walk(kind("message"));
  assert.match(JSON.stringify(unit.view), "No photo could be taken that fits");
  assert.is(await unit.finish(), "completed");
  assert.is(photoOf(unit), undefined);
});

test("a photo that is shown is overwritten however the person leaves it", async () => {
  for (const leave of ["stop", "back", "expiry", "retake"]) {
    const unit = await Unit.open(APPLY);
    await unit.begin("hkic-application");
    await unit.walk((view) => view.kind === "photo" && view.picture !== undefined);
    const [photo] = unit.shown;
    assert.ok(photo?.some((byte) => byte !== 0));
    if (leave === "expiry") await unit.clock.advance(85_000);
    else if (leave === "retake") await unit.send({ type: "action", id: leave });
    else await unit.send({ type: leave === "back" ? "back" : "stop" });
    if (leave === "stop") await unit.send({ type: "action", id: "stop.yes" });
    assert.ok(
      photo?.every((byte) => byte === 0),
      leave,
    );
  }
});

test("a good photo of the last attempt cannot be thrown away for one that will not be taken", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  const passed = (view: View) => view.kind === "photo" && view.picture !== undefined;
  const actions = () => (unit.view.kind === "photo" ? unit.view.actions.map(({ id }) => id) : []);
  for (let attempt = 1; attempt < 6; attempt++) {
    await unit.walk(passed);
    assert.equal(actions(), ["use", "retake"]);
    await unit.send({ type: "action", id: "retake" });
  }
  await unit.walk(passed);
  assert.equal(actions(), ["use"]);
  assert.match(JSON.stringify(unit.view), "It was the last try");
  assert.is(await unit.finish(), "completed");
  assert.is(unit.fake.count("photo.take"), 6);
  assert.equal(photoOf(unit), new Uint8Array(20).fill(2));
});

test("captures that nobody takes any more are overwritten when they come", async () => {
  for (const [method, at, leave] of [
    ["photo.take", "photo", "stop"],
    ["finger.capture", "finger", "stop"],
    ["finger.capture", "finger", "cannot"],
  ] as const) {
    const unit = await Unit.open(APPLY);
    const works = unit.fake.handlers[method];
    const late = defer<void>();
    unit.fake.handlers[method] = async (body) => {
      await late.promise;
      return works?.(body) ?? reply({});
    };
    await unit.begin("hkic-application");
    await unit.walk(kind(at));
    if (at === "photo") await unit.send({ type: "action", id: "take" });
    if (leave === "cannot") await unit.send({ type: "action", id: leave });
    else {
      await unit.send({ type: "stop" });
      await unit.send({ type: "action", id: "stop.yes" });
      assert.is(unit.outcome, "abandoned");
    }
    const before = unit.fake.captured.length;
    late.resolve();
    await settled();
    const came = unit.fake.captured.slice(before);
    assert.is(came.length, 2);
    assert.ok(
      came.every((bytes) => bytes.every((byte) => byte === 0)),
      `${method} ${leave}`,
    );
  }
});

test("the live picture is asked for again when the senses are back, and no longer than it is shown", async () => {
  const unit = await Unit.open(APPLY);
  const starts = (): number => unit.fake.count("preview.start");
  await unit.begin("hkic-application");
  await unit.walk(kind("photo"));
  assert.is(starts(), 1);
  unit.fake.connected("vault");
  unit.fake.connected("senses");
  await settled();
  assert.is(starts(), 2);
  await unit.walk(kind("review"));
  unit.fake.connected("senses");
  await settled();
  assert.is(starts(), 2);
  assert.is(unit.fake.count("preview.stop"), 1);
});

run();
