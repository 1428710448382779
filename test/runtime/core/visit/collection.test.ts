import * as assert from "uvu/assert";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { fault, RECEIPT, reply, scans, settled, Unit } from "./fakes.ts";

const { test, run } = suite("visit: collection");
const BOTH = ["collection", "exchange"];
const message = (view: View): boolean => view.kind === "message";

const advised = (unit: Unit, part: string): boolean =>
  unit.models.some(({ view }) => view.kind === "scan" && view.advice?.includes(part));

test("a receipt and a finger open the slot; the document is taken", async () => {
  const unit = await Unit.open(BOTH);
  await unit.begin("collection");
  await unit.walk((view) => view.kind === "door" && view.actions.length > 0);
  const asked = unit.fake.count("collect.outcome");
  await unit.clock.advance(10_000);
  assert.is(unit.fake.count("collect.outcome"), asked, "nobody goes on asking");
  assert.is(await unit.finish(), "handedOver");
  const release = unit.fake.calls.find(({ method }) => method === "collect.release")?.body;
  assert.is(release?.attestation, "attested");
  assert.is(release?.challenge, "c".repeat(22));
  assert.is(unit.fake.count("collect.release"), 1);
});

test("several documents come one after the other, the one that is not here is passed over", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.vouchers = ["one", "gone", "two"].map((id) => ({ id, jws: `voucher-${id}` }));
  const begin = unit.fake.handlers["collect.begin"];
  unit.fake.handlers["collect.begin"] = (body) =>
    body.voucher === "voucher-gone" ? fault("vault.notLoaded") : (begin?.(body) ?? reply({}));
  await unit.begin("collection");
  assert.is(await unit.finish(), "handedOver");
  assert.is(unit.fake.count("collect.release"), 2);
});

test("three fingers that do not match open nothing; the other thumb is asked for", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.handlers["finger.verify"] = () => reply({ matched: false, score: 3 });
  const thumbs = new Set<number>();
  await unit.begin("collection");
  await unit.walk((view) => {
    if (view.kind === "finger") thumbs.add(view.position);
    return message(view);
  });
  assert.equal([...thumbs].sort(), [1, 6]);
  assert.is(unit.fake.count("finger.verify"), 3);
  assert.is(await unit.finish(), "refused");
  assert.is(unit.fake.count("collect.release"), 0);
});

test("a finger that can never be compared is said once, and nobody is asked to try again", async () => {
  for (const code of [
    "device.invalidParameter",
    "device.unsupported",
    "senses.noTemplate",
    "senses.otherUnit",
    "signature.bad",
    "collection.wrongKey",
  ]) {
    const unit = await Unit.open(BOTH);
    unit.fake.handlers["finger.verify"] = () => fault(code);
    await unit.begin("collection");
    await unit.walk(message);
    assert.ok(unit.view.kind === "message" && unit.view.code === code);
    assert.match(unit.view.body, "go to the counter");
    assert.is(await unit.finish(), "refused");
    assert.is(unit.fake.count("finger.verify"), 1, code);
  }
});

test("a module that comes back is waited for; one that does not answer is tried so often as a finger", async () => {
  const unit = await Unit.open(BOTH);
  const works = unit.fake.handlers["finger.verify"];
  let bad = ["device.absent", "ipc.gone", "device.frozen", "device.busy", "device.noReply", "device.noReply"];
  unit.fake.handlers["finger.verify"] = (body) => {
    const code = bad.shift();
    return code ? fault(code) : (works?.(body) ?? reply({}));
  };
  await unit.begin("collection");
  assert.is(await unit.finish(), "handedOver");
  bad = Array.from({ length: 9 }, () => "device.noReply");
  await unit.begin("collection");
  assert.is(await unit.finish(), "refused");
  assert.is(bad.length, 6);
});

test("a match without the senses' attestation is no match", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.handlers["finger.verify"] = () => reply({ matched: true, score: 99 });
  await unit.begin("collection");
  assert.is(await unit.finish(), "refused");
  assert.is(unit.fake.count("collect.release"), 0);
});

test("a torn code, a foreign code and a receipt without a document each get their own words", async () => {
  const unit = await Unit.open(BOTH);
  const torn = `${RECEIPT.slice(0, -3)}${RECEIPT.endsWith("A") ? "BBB" : "AAA"}`;
  scans(unit, "https://example.org/", torn);
  await unit.begin("collection");
  await unit.clock.advance(5_000);
  assert.ok(advised(unit, "not a receipt of ours"));
  assert.ok(advised(unit, "damaged or cut off"));
  unit.fake.vouchers = [];
  scans(unit, RECEIPT);
  await unit.clock.advance(61_000);
  await unit.send({ type: "more" });
  await unit.walk(message, () => undefined);
  assert.match(JSON.stringify(unit.view), "Nothing is ready");
  assert.is(await unit.finish(), "refused");
});

test("what is ready is looked up again when the unit's own store fails for a moment", async () => {
  for (const without of [false, true]) {
    const unit = await Unit.open(BOTH);
    if (without) scans(unit);
    else
      unit.fake.handlers["code.scan"] = () => {
        unit.fake.storeFails = "store.full";
        return reply({ text: RECEIPT });
      };
    unit.fake.handlers["collect.begin"] = () => fault("vault.notLoaded");
    await unit.begin("collection");
    unit.fake.storeFails = "store.full";
    if (without) await unit.send({ type: "action", id: "without" });
    await unit.walk((view) => view.kind === "message" && view.code === "store.full");
    unit.fake.storeFails = undefined;
    await unit.send({ type: "action", id: "again" });
    assert.match(JSON.stringify(unit.view), "Nothing is ready");
  }
});

test("a person who left the scanner is not waited for", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit);
  await unit.begin("collection");
  await unit.clock.advance(90_000);
  assert.is(unit.outcome, "expired");
});

test("a person without a receipt is heard while an advice is read too", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.handlers["code.scan"] = () => reply({ text: "https://example.org/" });
  await unit.begin("collection");
  await unit.walk((view) => view.kind === "scan" && view.advice?.includes("not a receipt") === true);
  await unit.send({ type: "action", id: "without" });
  assert.is(unit.view.kind, "entry");
});

test("a person who said by mistake that there is no receipt can show it", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit);
  await unit.begin("collection");
  await unit.send({ type: "action", id: "without" });
  assert.ok(unit.view.kind === "entry" && unit.view.skip === "I have my receipt");
  scans(unit, RECEIPT);
  await unit.send({ type: "skip" });
  assert.is(unit.view.kind, "scan");
  assert.is(await unit.finish(), "handedOver");
  const release = unit.fake.calls.find(({ method }) => method === "collect.release")?.body;
  assert.is(release?.attestation, "attested");
});

test("a code left before the camera does not keep an abandoned visit alive; another one does", async () => {
  for (const code of ["https://example.org/", "https://example.org/other"]) {
    const unit = await Unit.open(BOTH);
    let text = "https://example.org/";
    unit.fake.handlers["code.scan"] = () => reply({ text });
    await unit.begin("collection");
    await unit.clock.advance(50_000);
    text = code;
    await unit.clock.advance(35_000);
    assert.is(unit.outcome, text === "https://example.org/" ? "expired" : undefined);
  }
});

test("without the receipt an officer releases this challenge, and no other", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit);
  await unit.begin("collection");
  await unit.send({ type: "action", id: "without" });
  await unit.walk((view) => view.kind === "wait" && view.body.includes("officer"));
  const release = { voucher: "v-1", challenge: "d".repeat(22), jws: "for another" };
  unit.fake.releases.emit("release", release);
  await settled();
  assert.is(unit.fake.count("collect.release"), 0);
  unit.fake.releases.emit("release", { ...release, challenge: "c".repeat(22), jws: "released" });
  assert.is(await unit.finish(), "handedOver");
  const sent = unit.fake.calls.find(({ method }) => method === "collect.release")?.body;
  assert.is(sent?.release, "released");
});

test("help speaks of what is done here, and nobody signs to collect or to load", async () => {
  const helps: Record<string, RegExp> = {
    "hkic-application": /signed/,
    collection: /Your document stays in its slot/,
    exchange: /scan each item/,
    retrieval: /take out what lies in it/,
  };
  const unit = await Unit.open(Object.keys(helps));
  scans(unit);
  for (const [service, words] of Object.entries(helps)) {
    await unit.begin(service);
    await unit.send({ type: "help" });
    const body = unit.now.chrome.help?.body ?? "";
    assert.match(body, words);
    assert.is(/sign/.test(body.replaceAll("assigned", "")), service === "hkic-application", service);
    await unit.send({ type: "stop" });
    await unit.send({ type: "action", id: "stop.yes" });
  }
});

test("who types a reference number sees a notice and not an identity card, and needs no hyphens", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit);
  await unit.begin("collection");
  await unit.send({ type: "action", id: "without" });
  assert.ok(unit.view.kind === "entry" && unit.view.picture === "notice");
  assert.match(unit.view.hint ?? "", "hyphens are not needed");
  await unit.send({ type: "text", field: "reference", value: "KT010000427" });
  assert.is(unit.view.kind, "wait");
});

test("no officer: the slot stays closed", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.officerThere = false;
  scans(unit);
  await unit.begin("collection");
  await unit.send({ type: "action", id: "without" });
  assert.is(await unit.finish(), "refused");
  assert.is(unit.fake.count("collect.release"), 0);
});

test("while the door may be open nothing that is touched ends the visit", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.handlers["collect.release"] = () => reply({ effect: "e", slot: "A1", phase: "issued" });
  await unit.begin("collection");
  await unit.walk(() => unit.fake.count("collect.release") === 1);
  await settled();
  unit.fake.emit("vault", "handover", { effect: "e", slot: "A1", phase: "opened" });
  await settled();
  assert.is(unit.view.kind, "door");
  assert.is(unit.now.chrome.can.stop, false);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  assert.is(unit.view.kind, "door");
  unit.fake.emit("vault", "handover", { effect: "e", slot: "A1", phase: "done", outcome: "taken" });
  assert.is(await unit.finish(), "handedOver");
});

test("a vault that was killed is asked what became of the command; the unlock is not sent again", async () => {
  for (const outcome of ["taken", "presented", "notMoved", "unknown"] as const) {
    const unit = await Unit.open(BOTH);
    unit.fake.handlers["collect.release"] = () => fault("ipc.gone");
    unit.fake.handlers["collect.outcome"] = () =>
      reply({ handover: { effect: "e", slot: "A1", phase: "done", outcome } });
    await unit.begin("collection");
    assert.is(await unit.finish(), outcome === "taken" ? "handedOver" : "refused");
    assert.is(unit.fake.count("collect.release"), 1);
    assert.ok(unit.fake.counts.includes(`kiosk.handover.${outcome}`));
    const asked = unit.fake.count("collect.outcome");
    await unit.clock.advance(10_000);
    assert.is(unit.fake.count("collect.outcome"), asked, "nobody goes on asking");
  }
});

test("a lock that misses a look is waited for: nobody is sent away, and nobody has to touch anything", async () => {
  const unit = await Unit.open(BOTH);
  for (const method of ["collect.begin", "collect.release"]) {
    const works = unit.fake.handlers[method];
    let missed = 0;
    unit.fake.handlers[method] = (body) =>
      missed++ === 0 ? fault("vault.notReady") : (works?.(body) ?? reply({}));
  }
  await unit.begin("collection");
  await unit.walk((view) => view.kind === "door" && view.actions.length > 0);
  assert.is(await unit.finish(), "handedOver");
  assert.is(unit.fake.count("collect.release"), 2);
  const commands = unit.fake.calls.flatMap(({ method, body }) =>
    method === "collect.release" ? [body.command] : [],
  );
  assert.is(new Set(commands).size, 2, "each is a command of its own");
  assert.not.ok(unit.models.some(({ view }) => view.kind === "message" && view.code === "vault.notReady"));
});

run();
