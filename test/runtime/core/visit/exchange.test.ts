import * as assert from "uvu/assert";
import { defer } from "../../../../drivers/kit/index.ts";
import { suite } from "../../../kit.ts";
import { fault, reply, scans, settled, Unit } from "./fakes.ts";

const { test, run } = suite("visit: exchange");
const BOTH = ["collection", "exchange"];

const advised = (unit: Unit, part: string): boolean =>
  unit.models.some(({ view }) => view.kind === "scan" && view.advice?.includes(part));

test("a credential or an item left before the camera does not keep a visit of staff alive", async () => {
  const credential = [1, 2, 3].map((part) => String(part).repeat(30)).join(".");
  for (const [text, begins, limit] of [
    // Refused each time, not enough by itself, taken for an exchange, and not assigned here.
    [credential, fault("vault.badSignature"), 85_000],
    [credential, fault("vault.witnessNeeded"), 85_000],
    [credential, reply({ exchange: "x-1", witness: true }), 325_000],
    ["OTHER-ITEM", reply({ exchange: "x-1", witness: true }), 325_000],
  ] as const) {
    const unit = await Unit.open(BOTH);
    unit.fake.handlers["code.scan"] = () => reply({ text });
    unit.fake.handlers["exchange.begin"] = () => begins;
    await unit.begin("exchange");
    await unit.clock.advance(limit);
    assert.is(unit.outcome, "expired");
  }
});

test("staff: two credentials, an item into the lit slot, the exchange is ended", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit, "credential-one", "credential-two", "ITEM-1", "OTHER");
  let shown = 0;
  unit.fake.handlers["exchange.begin"] = ({ credentials }) => {
    shown = (credentials as string[]).length;
    return shown < 2 ? fault("vault.witnessNeeded") : reply({ exchange: "x-1", witness: true });
  };
  await unit.begin("exchange");
  await unit.walk((view) => view.kind === "scan" && view.advice?.includes("not assigned") === true);
  assert.is(shown, 2);
  assert.ok(unit.models.some(({ view }) => view.kind === "door" && view.slot === "A1"));
  assert.ok(advised(unit, "Stored in slot A1"));
  assert.is(unit.fake.count("exchange.load"), 1);
  await unit.send({ type: "action", id: "finish" });
  assert.match(JSON.stringify(unit.view), "One item was loaded.");
  assert.is(await unit.finish(), "completed");
  assert.is(unit.fake.count("exchange.end"), 1);
});

test("a credential that still lies before the camera is not taken for an item", async () => {
  const unit = await Unit.open(BOTH);
  const credential = [1, 2, 3].map((part) => String(part).repeat(30)).join(".");
  scans(unit, credential, credential, credential, "ITEM-1");
  await unit.begin("exchange");
  await unit.walk((view) => view.title === "Load documents");
  for (let looks = 0; looks < 4; looks++) await unit.clock.advance(700);
  assert.ok(unit.models.some(({ view }) => view.kind === "door" && view.slot === "A1"));
  assert.not.ok(advised(unit, "not assigned"));
  assert.is(unit.fake.count("exchange.load"), 1);
});

test("each step with the document camera asks for its picture again when the senses are back", async () => {
  const unit = await Unit.open(BOTH);
  const again = async (): Promise<number> => {
    const before = unit.fake.count("preview.start");
    unit.fake.connected("senses");
    await settled();
    return unit.fake.count("preview.start") - before;
  };
  scans(unit);
  await unit.begin("collection");
  assert.is(await again(), 1);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  await unit.begin("exchange");
  assert.is(await again(), 1);
  // What was being read ended with the senses.
  scans(unit, "credential-one");
  await unit.clock.advance(61_000);
  await unit.send({ type: "more" });
  await unit.walk((view) => view.title === "Load documents");
  assert.is(await again(), 1);
  await unit.send({ type: "action", id: "finish" });
  assert.is(await again(), 0);
});

test("staff who walk away leave no exchange open", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit, "credential-one");
  await unit.begin("exchange");
  await unit.walk((view) => view.title === "Load documents");
  await unit.clock.advance(330_000);
  assert.is(unit.outcome, "expired");
  assert.is(unit.fake.count("exchange.end"), 1);
});

test("an exchange that a core left open is ended when nobody is in a visit", async () => {
  const unit = await Unit.open(BOTH);
  const ends = () => unit.fake.calls.filter(({ method }) => method === "exchange.end");
  unit.fake.serviceSwitch = true;
  unit.fake.exchange = "x-left";
  unit.fake.connected("vault");
  await settled();
  assert.equal(ends(), [{ method: "exchange.end", body: { exchange: "x-left" } }]);
  // In a visit the connection is lost and comes back: what is open may be the visit's own, until that has ended.
  scans(unit);
  await unit.begin("exchange");
  unit.fake.exchange = "x-1";
  unit.fake.connected("vault");
  await settled();
  assert.is(ends().length, 1);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  await unit.finish();
  assert.equal(ends()[1]?.body, { exchange: "x-1" });
});

test("staff are told why an exchange cannot begin when their credentials are not the reason", async () => {
  for (const [code, said] of [
    ["vault.exchangeOpen", /last exchange has not ended/],
    ["vault.notReady", /slots are not ready/],
    ["vault.slotBusy", /slots are not ready/],
    ["vault.staffAbsent", /service switch is off/],
    ["vault.credentialUsed", /opened an exchange already/],
    ["vault.badSignature", /not accepted/],
  ] as const) {
    const unit = await Unit.open(BOTH);
    unit.fake.handlers["code.scan"] = () =>
      reply({ text: `${"c".repeat(30)}.${"c".repeat(30)}.${"c".repeat(30)}` });
    unit.fake.handlers["exchange.begin"] = () => fault(code);
    await unit.begin("exchange");
    await unit.walk((view) => said.test(JSON.stringify(view)));
  }
});

test("while staff have a slot open nothing that is touched ends the exchange", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit, "credential-one", "ITEM-1");
  unit.fake.handlers["exchange.load"] = () => reply({ slot: "A1", effect: "l-1" });
  await unit.begin("exchange");
  await unit.walk((view) => view.kind === "door");
  assert.is(unit.now.chrome.can.stop, false);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  assert.is(unit.view.kind, "door");
  assert.is(unit.fake.count("exchange.end"), 0);
  unit.fake.emit("vault", "exchange", { exchange: "x-1", slot: "A1", effect: "l-1", phase: "stored" });
  await unit.walk((view) => view.kind === "scan" && view.advice?.includes("Stored in slot A1") === true);
  assert.ok(unit.now.chrome.can.stop);
});

test("an exchange that is just being opened cannot be left behind", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit, "credential-one");
  const opened = defer<ReturnType<typeof reply>>();
  unit.fake.handlers["exchange.begin"] = () => opened.promise;
  await unit.begin("exchange");
  await unit.walk(() => unit.fake.count("exchange.begin") === 1);
  assert.is(unit.now.chrome.can.stop, false);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  opened.resolve(reply({ exchange: "x-1", witness: true }));
  await unit.walk((view) => view.title === "Load documents");
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  assert.is(unit.outcome, "abandoned");
  assert.is(unit.fake.count("exchange.end"), 1);
});

test("an exchange that the vault does not end for a motion is ended when the motion is over", async () => {
  for (const how of ["stored", "opened", "gone"] as const) {
    const unit = await Unit.open(BOTH);
    scans(unit, "credential-one");
    let moving = true;
    unit.fake.handlers["exchange.end"] = () =>
      moving ? fault("vault.slotBusy") : reply({ loaded: 1, unloaded: 0 });
    await unit.begin("exchange");
    await unit.walk((view) => view.title === "Load documents");
    await unit.send({ type: "action", id: "finish" });
    assert.is(unit.fake.count("exchange.end"), 1);
    moving = false;
    if (how === "gone") unit.fake.gone("vault");
    else unit.fake.emit("vault", "exchange", { exchange: "x-1", slot: "A1", effect: "l-1", phase: how });
    await settled();
    assert.is(unit.fake.count("exchange.end"), how === "opened" ? 1 : 2, how);
    // An event that was missed keeps nobody for ever.
    if (how === "opened") await unit.clock.advance(151_000);
    assert.is(unit.fake.count("exchange.end"), 2, how);
    assert.is(await unit.finish(), "completed");
  }
});

test("a vault that dies under a load leaves the slot as unknown and the person free", async () => {
  const unit = await Unit.open(BOTH);
  scans(unit, "credential-one", "ITEM-1");
  unit.fake.handlers["exchange.load"] = () => reply({ slot: "A1", effect: "l-1" });
  await unit.begin("exchange");
  await unit.walk((view) => view.kind === "door");
  unit.fake.gone("vault");
  await unit.walk((view) => view.kind === "scan" && view.advice?.includes("locked out") === true);
});

test("staff services are shown only while their switch is turned", async () => {
  const unit = await Unit.open(BOTH);
  unit.fake.emit("vault", "input", { role: "aux.service", active: false });
  await settled();
  assert.not.match(JSON.stringify(unit.view), "staff");
  await unit.send({ type: "action", id: "begin" });
  await unit.send({ type: "choose", id: "exchange" });
  assert.is(unit.fake.journal.length, 0);
});

test("the switch is known without an edge: after a start of the core, and after one of the vault", async () => {
  const staffSeen = (unit: Unit) => JSON.stringify(unit.view).includes("staff");
  const unit = await Unit.open(BOTH, undefined, true);
  assert.ok(staffSeen(unit), "turned before the core began");
  unit.fake.serviceSwitch = false;
  unit.fake.gone("vault");
  await settled();
  assert.not.ok(staffSeen(unit), "nobody can say that it is turned");
  unit.fake.connected("vault");
  await settled();
  assert.not.ok(staffSeen(unit), "turned back meanwhile");
  unit.fake.serviceSwitch = true;
  unit.fake.connected("senses");
  await settled();
  assert.not.ok(staffSeen(unit));
  unit.fake.connected("vault");
  await settled();
  assert.ok(staffSeen(unit), "turned while the vault was away");
});

run();
