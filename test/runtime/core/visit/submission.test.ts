import * as assert from "uvu/assert";
import { defer, ok, setLog } from "../../../../drivers/kit/index.ts";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { fault, reply, settled, Unit, willing } from "./fakes.ts";

const { test, run } = suite("visit: submission");
const APPLY = ["hkic-application", "passport-application", "one-stop"];
const kind = (wanted: View["kind"]) => (view: View) => view.kind === wanted;
const entry = (field: string) => (view: View) => view.kind === "entry" && view.field === field;
const titled = (part: string) => (view: View) => view.title.includes(part);

for (const service of APPLY) {
  test(`${service} is walked to its receipt, and its packet holds every answer and capture`, async () => {
    const unit = await Unit.open(APPLY);
    await unit.begin(service);
    assert.is(await unit.finish(), "completed");
    const [draft] = unit.fake.drafts as [
      {
        applications: { service: string; fields: Record<string, string> }[];
        captures: { part: string }[];
        identity: object;
      },
    ];
    assert.equal(
      draft.applications.map((own) => own.service),
      service === "one-stop" ? ["hkic-application", "passport-application"] : [service],
    );
    assert.is(draft.applications[0]?.fields.number, "A123456(3)");
    assert.equal(draft.captures.map(({ part }) => part).sort(), [
      "finger-1-image",
      "finger-1-template",
      "finger-6-image",
      "finger-6-template",
      "photo",
      "signature",
    ]);
    assert.equal(draft.identity, {
      number: "A123456(3)",
      dateOfBirth: "1985-01-01",
      way: "centre",
      decision: "j.w.s",
    });
  });
}

test("nothing of a visit is left: buffers are zeroed, pictures forgotten, the senses cleared, the journal bare", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.finish();
  assert.ok(unit.fake.captured.length > 0);
  assert.is(unit.fake.given.length, 6);
  assert.ok(unit.fake.given.every((bytes) => bytes.every((byte) => byte === 0)));
  assert.ok(unit.fake.captured.every((bytes) => bytes.every((byte) => byte === 0)));
  assert.is(unit.pictures.length, 0);
  assert.is(unit.fake.count("visit.clear"), 1);
  const kept = JSON.stringify(unit.fake.journal);
  for (const personal of ["A123456", "1985", "CHAN", "51234567"]) assert.not.match(kept, personal);
  assert.match(kept, "visit.consented");
  const hash = unit.fake.journal.find(({ event }) => event === "visit.consented")?.fields.texts;
  assert.match(String(hash), /^[0-9a-f]{16}$/);
});

test("what the centre knows is filled in, and the fee of today is shown", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("passport-application");
  await unit.walk(entry("nameEn"));
  assert.is((unit.view as Extract<View, { kind: "entry" }>).value, "CHAN, TAI MAN");
  await unit.walk(titled("How many pages"));
  assert.match(JSON.stringify(unit.view), "32 pages · HK$430");
});

test("the language changes at any screen and keeps the answers; speech says its own words", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  await unit.send({ type: "language", id: "zh-Hant" });
  assert.is(unit.view.title, "你的電話號碼");
  await unit.walk(kind("review"));
  assert.match(JSON.stringify(unit.view), "A12****(*)");
  assert.match(JSON.stringify(unit.view), "CHAN, TAI MAN");
  await unit.send({ type: "language", id: "en" });
  await unit.walk(kind("receipt"));
  assert.match(unit.now.spoken, "square code");
  assert.not.match(JSON.stringify(unit.view), "square code");
});

test("a second press does nothing, nor one for an older screen", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("dateOfBirth"));
  const { seq } = unit.now;
  unit.reception.input(seq, { type: "back" });
  unit.reception.input(seq, { type: "back" });
  await settled();
  unit.reception.input(seq, { type: "back" });
  await settled();
  assert.ok(entry("number")(unit.view));
});

test("a press at rest counts although a service has just come or gone", async () => {
  const unit = await Unit.open([...APPLY, "exchange"]);
  const before = unit.now.seq;
  unit.fake.emit("vault", "input", { role: "aux.service", active: false });
  await settled();
  assert.ok(unit.now.seq > before, "the list of services has changed");
  unit.reception.input(before, { type: "action", id: "begin" });
  await settled();
  assert.is(unit.view.kind, "choose");
  // and one that is for the screen before is still not taken
  unit.reception.input(before, { type: "choose", id: "hkic-application" });
  await settled();
  assert.is(unit.view.kind, "choose");
});

test("a second press is not for the step that is just beginning", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("nameEn"));
  const camera = defer<ReturnType<typeof reply>>();
  unit.fake.handlers["preview.start"] = () => camera.promise;
  const { seq } = unit.now;
  for (let press = 0; press < 3; press++) {
    unit.reception.input(seq, { type: "back" });
    await settled();
  }
  camera.resolve(reply({}));
  await settled();
  assert.is(unit.view.kind, "photo");
});

test("a page gets an answer to an input that changes nothing", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("number"));
  for (let i = 0; i < 2; i++) {
    const { seq } = unit.now;
    await unit.send({ type: "text", field: "number", value: "A123456(4)" });
    await unit.clock.advance(300);
    assert.ok(unit.now.seq > seq);
    assert.match(JSON.stringify(unit.view), "mistake in the number");
  }
});

test("an answer is changed from the review, who the person is is not", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(kind("review"));
  const rows = (unit.view as Extract<View, { kind: "review" }>).rows;
  assert.equal(
    rows.filter((row) => !row.editable).map((row) => row.id),
    ["number", "dateOfBirth"],
  );
  assert.match(unit.now.spoken, /Identity card number: A12\*\*\*\*\(\*\) .*Telephone: 51234567/);
  await unit.send({ type: "edit", id: "number" });
  assert.is(unit.view.kind, "review");
  await unit.clock.advance(300);
  await unit.send({ type: "edit", id: "phone" });
  assert.ok(entry("phone")(unit.view));
  await unit.send({ type: "text", field: "phone", value: "99998888" });
  assert.match(JSON.stringify(unit.view), "99998888");
  await unit.send({ type: "edit", id: "phone" });
  await unit.send({ type: "back" });
  assert.is(unit.view.kind, "review");
});

test("stopping asks first; then everything is wiped and the visit is abandoned", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.no" });
  assert.ok(entry("phone")(unit.view));
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  await settled();
  assert.is(unit.view.kind, "attract");
  assert.is(unit.outcome, "abandoned");
  assert.ok(unit.fake.captured.every((bytes) => bytes.every((byte) => byte === 0)));
  assert.is(unit.fake.drafts.length, 0);
});

test("the question whether to stop closes the help that would lie over it", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(entry("phone"));
  await unit.send({ type: "help" });
  assert.ok(unit.now.chrome.help);
  await unit.send({ type: "stop" });
  assert.is(unit.now.chrome.help, undefined);
  assert.ok(unit.view.kind === "message" && unit.view.over);
  assert.match(unit.now.spoken, /^Do you want to stop/);
  await unit.send({ type: "action", id: "stop.no" });
  assert.is(unit.now.chrome.help, undefined);
});

test("while the application is being stored nobody turns back, so that it is stored once", async () => {
  const unit = await Unit.open(APPLY);
  const stored = defer<ReturnType<typeof ok>>();
  unit.fake.submitted = () => stored.promise as never;
  await unit.begin("hkic-application");
  await unit.walk(titled("Submitting"));
  assert.is(unit.now.chrome.can.stop, false);
  assert.is(unit.now.chrome.can.back, false);
  await unit.send({ type: "stop" });
  assert.match(unit.view.title, "Submitting");
  await unit.send({ type: "action", id: "stop.yes" });
  await unit.send({ type: "back" });
  stored.resolve(ok({ reference: "KT01-000042-7", receiptCode: "code" }));
  await unit.walk(kind("receipt"));
  assert.is(unit.fake.drafts.length, 1);
  await unit.send({ type: "back" });
  assert.is(unit.view.kind, "receipt");
});

test("the centre away: the person goes on and an officer checks", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.decision = { answer: "offline" };
  await unit.begin("hkic-application");
  await unit.walk((view) => view.kind === "message");
  assert.match(JSON.stringify(unit.view), "cannot be reached now");
  assert.is(await unit.finish(), "completed");
  assert.is((unit.fake.drafts[0] as { identity: { way: string } }).identity.way, "officer");
});

test("an unknown pair can be corrected twice, a wrong finger thrice, no eligibility ends", async () => {
  const says = (decision: string, eligible: string[] = []) => ({
    answer: "decision",
    decision: { decision, eligible },
    jws: "j",
    prefill: {},
  });
  for (const [answer, asked] of [
    [says("unknownPerson"), 3],
    [says("refused"), 3],
    [says("accepted", ["another"]), 1],
  ] as const) {
    const unit = await Unit.open(APPLY);
    unit.fake.decision = answer;
    await unit.begin("hkic-application");
    assert.is(await unit.finish(), "refused");
    assert.is(unit.fake.count("finger.capture"), asked);
    assert.is(unit.fake.drafts.length, 0);
  }
});

test("a finger that cannot be given is left to an officer; taken ones can be looked at and taken again", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.walk(kind("photo"));
  const before = unit.fake.count("finger.capture");
  await unit.send({ type: "back" });
  assert.match(JSON.stringify(unit.view), "have been taken");
  await unit.send({ type: "action", id: "again" });
  unit.fake.handlers["finger.capture"] = () => fault("device.poorQuality", { advice: "tooDry" });
  await unit.walk(
    (view) => view.kind === "message",
    () => undefined,
  );
  assert.ok(unit.fake.count("finger.capture") > before);
  assert.match(JSON.stringify(unit.view), "could not be taken");
  assert.is(await unit.finish(), "completed");
  const { captures } = unit.fake.drafts[0] as { captures: { part: string }[] };
  assert.not.match(JSON.stringify(captures), "finger-6");
});

test("six photos that fail go to an officer, each with its own advice", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.handlers["photo.take"] = () =>
    reply({ pass: false, verdicts: [{ rule: "exposure", pass: false, value: 1, advice: "moreLight" }] }, [
      new Uint8Array(9),
      new Uint8Array(0),
    ]);
  await unit.begin("hkic-application");
  await unit.walk((view) => view.kind === "photo" && view.attempt === 2);
  assert.match(JSON.stringify(unit.view), "too dark");
  await unit.walk((view) => view.kind === "message");
  assert.is(unit.fake.count("photo.take"), 6);
  assert.is(await unit.finish(), "completed");
});

test("a process that was killed is waited for; a part that stays away is named, and the answers are kept", async () => {
  const unit = await Unit.open(APPLY);
  let gone = 1;
  const works = unit.fake.handlers["photo.take"];
  unit.fake.handlers["photo.take"] = (body) =>
    gone-- > 0 ? fault("ipc.gone") : (works?.(body) ?? reply({}));
  await unit.begin("hkic-application");
  assert.is(await unit.finish(), "completed");
  gone = 1;
  unit.fake.lost.add("camera.portrait");
  await unit.begin("hkic-application");
  await unit.walk((view) => view.kind === "message");
  assert.match(JSON.stringify(unit.view), "the camera");
  assert.ok(unit.now.chrome.can.stop);
  unit.fake.lost.clear();
  assert.is(await unit.finish(), "completed");
});

test("declining the notice ends the visit before anything is asked", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  await unit.send({ type: "decline" });
  await settled();
  assert.is(unit.outcome, "refused");
  assert.is(unit.fake.count("finger.capture"), 0);
});

test("consent that cannot be journalled is said, and given again without starting anew", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  unit.fake.storeFails = "store.full";
  for (let tries = 0; tries < 2; tries++) {
    await unit.send(tries === 0 ? { type: "accept" } : { type: "action", id: "again" });
    assert.ok(unit.view.kind === "message" && unit.view.code === "store.full");
  }
  unit.fake.storeFails = undefined;
  await unit.send({ type: "action", id: "again" });
  assert.ok(entry("number")(unit.view));
  assert.is(unit.fake.journal.filter(({ event }) => event === "visit.consented").length, 1);
});

test("a visit that cannot go on says so until it was read or nobody is there, and is in the log", async (t) => {
  const lines: Record<string, unknown>[] = [];
  setLog({ sink: (line) => lines.push(line) });
  t.after(() => setLog({ sink: () => undefined }));
  for (const read of [true, false]) {
    lines.length = 0;
    const unit = await Unit.open(APPLY);
    unit.fake.storeFails = "store.full";
    await unit.begin("hkic-application");
    assert.ok(unit.view.kind === "message" && unit.view.code === "store.full");
    assert.match(unit.view.title, "did not work");
    assert.is(unit.now.chrome.can.back, false);
    const [line] = lines.filter(({ event }) => event === "visit.stepFailed");
    assert.match(JSON.stringify(line), "store.full");
    unit.fake.storeFails = undefined;
    if (read) await unit.send({ type: "action", id: "done" });
    else await unit.clock.advance(85_000);
    assert.is(unit.view.kind, "attract");
    assert.is(unit.outcome, "failedDevice");
    assert.not.ok(unit.fake.journal.some(({ event }) => event === "visit.begun"));
  }
});

test("a submission that cannot be stored says so and may be tried again", async () => {
  const unit = await Unit.open(APPLY);
  const works = unit.fake.submitted;
  let failures = 1;
  unit.fake.submitted = async () => (failures-- > 0 ? (fault("store.full") as never) : works());
  await unit.begin("hkic-application");
  assert.is(await unit.finish(), "completed");
  assert.is(unit.fake.drafts.length, 2);
});

test("a service whose part is missing is shown with the reason and cannot be begun", async () => {
  const unit = await Unit.open(APPLY);
  unit.fake.missing = ["device.camera.portrait"];
  await unit.begin("hkic-application");
  await unit.clock.advance(300);
  assert.is(unit.view.kind, "choose");
  assert.match(JSON.stringify(unit.view), "not ready");
});

test("a new service is a folder: no code", async () => {
  const unit = await Unit.open(["library-card"], "test/flows/fixtures");
  await unit.begin("library-card");
  const member = (view: View, model: never) =>
    view.kind === "choose" && view.title.includes("member")
      ? ({ type: "choose", id: "yes" } as const)
      : willing(view, model);
  await unit.walk(kind("review"), member as typeof willing);
  // The step that asks is not called like the field.
  const rows = (unit.view as Extract<View, { kind: "review" }>).rows;
  assert.is(rows.find(({ id }) => id === "member")?.value, "Yes");
  // The answer that made a question needless takes its answer out of what is sent.
  await unit.send({ type: "edit", id: "member" });
  await unit.send({ type: "choose", id: "no" });
  assert.is(unit.view.kind, "review");
  assert.is(await unit.finish(), "completed");
  const fieldsOf = (n: number) =>
    (unit.fake.drafts[n] as { applications: { fields: object }[] }).applications[0]?.fields;
  assert.equal(fieldsOf(0), { member: "no" });
  await unit.begin("library-card");
  const guest = (view: View, model: never) =>
    view.kind === "choose" && view.title.includes("member")
      ? ({ type: "choose", id: "no" } as const)
      : willing(view, model);
  await unit.walk(kind("review"), guest as typeof willing);
  await unit.send({ type: "edit", id: "member" });
  await unit.send({ type: "choose", id: "yes" });
  assert.ok(entry("motto")(unit.view), "what the change made necessary is asked");
  assert.is(await unit.finish(), "completed");
  assert.equal(fieldsOf(1), { member: "yes", motto: "READ MORE" });
});

run();
