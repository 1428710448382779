import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import { type Clock, isFault, sha256Hex, systemClock } from "../../../drivers/kit/index.ts";
import {
  AckSchema,
  AssignmentSchema,
  CredentialSchema,
  collectionKeyId,
  newSigningKey,
  openTemplate,
  ReleaseSchema,
  SettlementSchema,
  type SignedType,
  signJws,
  VoucherSchema,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { Operator } from "../../../fleet/server/index.ts";
import { isItemCode, newItemCode } from "../../../fleet/server/item-code.ts";
import { suite, type TestContext } from "../../kit.ts";
import {
  type CentreSetup,
  joinUnit,
  makeSubmission,
  sendSubmission,
  setUpCentre,
  type TestUnit,
} from "../../support/centre.ts";

const { test, run } = suite("documents");

const person = (id: string): Operator => ({
  id,
  name: id,
  roles: ["approver", "assigner", "loader", "officer"],
});
const [anna, ben, cleo] = [person("anna"), person("ben"), person("cleo")];

async function produced(t: TestContext, clock?: Clock) {
  const setup = await setUpCentre(t, "mosquitto", clock ? { clock } : {});
  const unit = await joinUnit(t, setup);
  const sent = await makeSubmission(unit, setup.centre);
  await sendSubmission(unit, sent);
  const [received] = await setup.centre.applications.list();
  if (!received) throw new Error("nothing arrived");
  const approved = await setup.centre.applications.approve(received.id, anna);
  if (!approved.ok || !approved.value.item) throw new Error("not approved");
  return { setup, unit, sent, application: approved.value, item: approved.value.item };
}

const typed = (messages: TestUnit["inbox"], type: SignedType) =>
  messages
    .map(({ payload }) => payload.toString())
    .filter((token) => Buffer.from(token.split(".")[0] ?? "", "base64url").includes(type));

/** Rows of a vault's journal, chained as a vault chains them. */
function chain(rows: Record<string, unknown>[], from = { seq: 0, hash: "0".repeat(64) }) {
  let { seq, hash: prevHash } = from;
  return rows.map(({ event, ...fields }) => {
    seq += 1;
    const at = 1_000 * seq;
    const hash = sha256Hex(JSON.stringify([seq, at, event, JSON.stringify(fields), prevHash]));
    const row = { seq, at, event: String(event), ...fields, prevHash, hash };
    prevHash = hash;
    return row;
  });
}
const reportOf = (unit: TestUnit, rows: unknown[], key = unit.device) =>
  signJws("guichet.event.v1", { v: 1, unit: unit.id, stream: "vault", rows }, key);

async function acknowledged(setup: CentreSetup, unit: TestUnit, token: string): Promise<number> {
  const ack = unit.next("/vault/ack");
  await unit.publish(`k1/d/${unit.id}/up/ev/vault`, token);
  const verified = verifyJws(
    "guichet.ack.v1",
    AckSchema,
    (await ack).payload.toString(),
    setup.centre.keys.keys,
  );
  if (!verified.ok) throw verified.error;
  return verified.value.upTo;
}

test("an assigned document: assignment and voucher go down, the template opens with the receipt's key", async (t) => {
  const { setup, unit, sent, application, item } = await produced(t);
  assert.ok(isItemCode(item));
  const [first, second] = [unit.next(""), unit.next("")];
  void first;
  const assigned = await setup.centre.applications.assign(application.id, unit.id, ben);
  assert.ok(assigned.ok && assigned.value.state === "assigned");
  await second;
  const keys = setup.centre.keys.keys;
  const waitFor = async (type: SignedType) => {
    for (;;) {
      const [token] = typed(unit.inbox, type);
      if (token) return token;
      await unit.next("");
    }
  };
  const voucher = verifyJws("guichet.voucher.v1", VoucherSchema, await waitFor("guichet.voucher.v1"), keys);
  const assignment = verifyJws(
    "guichet.assignment.v1",
    AssignmentSchema,
    await waitFor("guichet.assignment.v1"),
    keys,
  );
  assert.ok(voucher.ok && assignment.ok);
  assert.is(voucher.value.item, item);
  assert.is(assignment.value.item, item);
  assert.is(voucher.value.unit, unit.id);
  assert.is(voucher.value.seq, 1);
  assert.is(voucher.value.exp - voucher.value.nbf, 7 * 86_400);
  assert.is(voucher.value.keyId, collectionKeyId(sent.collectionKey));
  const opened = openTemplate(sent.collectionKey, voucher.value.id, voucher.value.template ?? "");
  assert.ok(opened.ok && opened.value.equals(sent.template as Buffer));
});

test("a unit that misses documents is sent exactly those, until they are collected", async (t) => {
  const { setup, unit, application } = await produced(t);
  const assigned = await setup.centre.applications.assign(application.id, unit.id, ben);
  assert.ok(assigned.ok);
  const { voucher, assignment } = assigned.value;
  const ask = async (have: (string | null)[]) => {
    const before = unit.inbox.length;
    await unit.publish(
      `k1/d/${unit.id}/up/auth/state`,
      unit.envelope("auth.state", { highSeq: 0, have: have.filter(Boolean) }),
    );
    // a question that is always answered, behind it in the same queue
    await acknowledged(setup, unit, reportOf(unit, chain([{ event: "vault.started" }])));
    return unit.inbox
      .slice(before)
      .map(({ topic }) => topic.split("/").at(-1))
      .filter((id) => id !== "ack")
      .sort();
  };
  await ask([]);
  assert.equal(await ask([]), [assignment, voucher].sort());
  assert.equal(await ask([assignment]), [voucher]);
  assert.equal(await ask([assignment, voucher]), []);
  const [, taken] = chain([
    { event: "vault.started" },
    { event: "handover.outcome", voucher, slot: "03", outcome: "taken" },
  ]);
  assert.is(await acknowledged(setup, unit, reportOf(unit, [taken])), 2);
  assert.equal(await ask([]), []);
});

test("approving, assigning and loading are three people", async (t) => {
  const { setup, unit, application } = await produced(t);
  const code = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? "ok" : result.error?.code);
  const { applications, authorisations } = setup.centre;
  assert.is(code(await applications.assign(application.id, unit.id, anna)), "centre.samePerson");
  // who holds a credential for the unit may load there, so may not assign there
  assert.is(code(await authorisations.credential(unit.id, cleo)), "ok");
  assert.is(code(await applications.assign(application.id, unit.id, cleo)), "centre.samePerson");
  assert.is(code(await applications.assign(application.id, "kt-99", ben)), "centre.unitUnknown");
  // who approved may hold no credential there either, also when a third assigns
  const other = await joinUnit(t, setup, "kt-02");
  assert.is(code(await authorisations.credential(other.id, anna)), "ok");
  assert.is(code(await applications.assign(application.id, other.id, ben)), "centre.samePerson");
  assert.is(code(await applications.assign(application.id, unit.id, ben)), "ok");
  // and who approved or assigned what waits there gets no credential
  assert.is(code(await authorisations.credential(unit.id, anna)), "centre.samePerson");
  assert.is(code(await authorisations.credential(unit.id, ben)), "centre.samePerson");
  const issued = await authorisations.credential(unit.id, cleo);
  assert.ok(issued.ok);
  const credential = verifyJws(
    "guichet.credential.v1",
    CredentialSchema,
    issued.value.jws,
    setup.centre.keys.keys,
  );
  assert.ok(credential.ok && credential.value.operator === "cleo" && credential.value.unit === unit.id);
});

test("the vault's journal moves the document on; gaps, forgeries and altered rows do not", async (t) => {
  const { setup, unit, application, item } = await produced(t);
  const assigned = await setup.centre.applications.assign(application.id, unit.id, ben);
  assert.ok(assigned.ok);
  const state = async () => (await setup.centre.applications.list())[0]?.state;
  // Two people whose ids are as long as any may be.
  const two = `${"c".repeat(64)}+${"d".repeat(64)}`;
  const itemHash = createHash("sha256").update(item).digest("hex").slice(0, 16);
  const rows = chain([
    { event: "vault.started" },
    { event: "exchange.stored", slot: "03", itemHash, operator: two },
    { event: "handover.outcome", slot: "03", voucher: assigned.value.voucher, outcome: "presented" },
    { event: "handover.outcome", slot: "03", voucher: assigned.value.voucher, outcome: "taken" },
  ]);
  // forged by another key: not even answered
  await unit.publish(`k1/d/${unit.id}/up/ev/vault`, reportOf(unit, rows, newSigningKey("unit")));
  assert.is(await acknowledged(setup, unit, reportOf(unit, rows.slice(1))), 0);
  assert.is(await state(), "assigned");
  assert.is(await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 2))), 2);
  assert.is(await state(), "loaded");
  const altered = chain([{ event: "handover.outcome", voucher: assigned.value.voucher, outcome: "taken" }], {
    seq: 2,
    hash: "f".repeat(64),
  });
  assert.is(await acknowledged(setup, unit, reportOf(unit, altered)), 2);
  assert.is(await state(), "loaded");
  const content = { ...rows[2], outcome: "taken" };
  assert.is(await acknowledged(setup, unit, reportOf(unit, [content])), 2);
  assert.is(await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 3))), 3);
  assert.is((await setup.centre.applications.list())[0]?.outcome, "presented");
  assert.is(await acknowledged(setup, unit, reportOf(unit, rows)), 4);
  assert.is(await acknowledged(setup, unit, reportOf(unit, rows)), 4);
  assert.is(await state(), "collected");
  const [one] = await setup.centre.applications.list();
  assert.equal([one?.loadedBy, one?.slot, one?.outcome, one?.collectedAt], [two, "03", "taken", 4_000]);
  assert.is((await setup.centre.journal.list()).length, 4);
});

test("what was not taken can be permitted again; what staff take out can be assigned again", async (t) => {
  const { setup, unit, application, item } = await produced(t);
  const { applications } = setup.centre;
  const one = async () => {
    const [first] = await applications.list();
    if (!first) throw new Error("gone");
    return first;
  };
  const itemHash = createHash("sha256").update(item).digest("hex").slice(0, 16);
  const assigned = await applications.assign(application.id, unit.id, ben);
  assert.ok(assigned.ok && assigned.value.voucher);
  const rows = chain([
    { event: "exchange.stored", slot: "03", itemHash, operator: "cleo+dora" },
    { event: "handover.outcome", slot: "03", voucher: assigned.value.voucher, outcome: "notMoved" },
    { event: "exchange.empty", slot: "03", itemHash, operator: "cleo" },
  ]);
  await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 2)));
  assert.equal([(await one()).state, (await one()).outcome], ["loaded", "notMoved"]);
  const refused = await applications.renew(application.id, cleo);
  assert.ok(!refused.ok && refused.error.code === "centre.samePerson");
  const renewed = await applications.renew(application.id, ben);
  assert.ok(renewed.ok && renewed.value.voucher !== assigned.value.voucher);
  await acknowledged(setup, unit, reportOf(unit, rows.slice(2)));
  assert.equal([(await one()).state, (await one()).unit, (await one()).item], ["produced", null, item]);
  assert.ok((await applications.assign(application.id, unit.id, ben)).ok);
  // a finding of staff ends what nobody could judge
  const last = rows.at(-1);
  const more = chain(
    [
      { event: "exchange.stored", slot: "04", itemHash, operator: "cleo" },
      { event: "slot.settled", slot: "04", itemHash, outcome: "taken", operator: "anna" },
    ],
    { seq: 3, hash: last?.hash ?? "" },
  );
  await acknowledged(setup, unit, reportOf(unit, more));
  assert.is((await one()).state, "collected");
});

test("a document that waits to be loaded can be assigned elsewhere, and counts where it is loaded all the same", async (t) => {
  const { setup, unit, application, item } = await produced(t);
  const { applications } = setup.centre;
  const other = await joinUnit(t, setup, "kt-02");
  const itemHash = createHash("sha256").update(item).digest("hex").slice(0, 16);
  const first = await applications.assign(application.id, unit.id, ben);
  const second = await applications.assign(application.id, other.id, ben);
  assert.ok(first.ok && second.ok);
  assert.equal([second.value.state, second.value.unit], ["assigned", other.id]);
  const sendable = async (id: string) =>
    (await setup.centre.authorisations.release(id, String(first.value.voucher), "c".repeat(22), anna)).ok;
  assert.not.ok(await sendable(unit.id), "what was signed before is over");
  // The first unit had been told already, and staff load it there; they take it out and put it back too.
  const rows = chain([
    { event: "exchange.stored", slot: "03", itemHash, operator: "cleo" },
    { event: "exchange.empty", slot: "03", itemHash, operator: "cleo" },
    { event: "exchange.stored", slot: "04", itemHash, operator: "cleo" },
  ]);
  const one = async () => (await applications.list())[0];
  for (const [n, slot] of ["03", null, "04"].entries()) {
    await acknowledged(setup, unit, reportOf(unit, rows.slice(0, n + 1)));
    assert.equal(
      [(await one())?.state, (await one())?.slot, (await one())?.unit],
      slot ? ["loaded", slot, unit.id] : ["produced", null, null],
    );
  }
  assert.is((await one())?.voucher, first.value.voucher);
  const renewed = await applications.renew(application.id, ben);
  assert.ok(renewed.ok && renewed.value.voucher);
  // A unit that it was never assigned to says nothing about it.
  const third = await joinUnit(t, setup, "kt-03");
  await acknowledged(
    setup,
    third,
    reportOf(third, chain([{ event: "exchange.empty", slot: "01", itemHash, operator: "cleo" }])),
  );
  assert.is((await one())?.state, "loaded");
});

test("a name that has served belongs to its unit; another row under the same number is not acknowledged", async (t) => {
  const { setup, unit } = await produced(t);
  const [told, untold] = [chain([{ event: "vault.started" }]), chain([{ event: "vault.stopped" }])];
  assert.is(await acknowledged(setup, unit, reportOf(unit, told)), 1);
  const before = unit.inbox.length;
  await unit.publish(`k1/d/${unit.id}/up/ev/vault`, reportOf(unit, untold));
  await unit.publish(`k1/d/${unit.id}/up/ev/vault`, reportOf(unit, untold));
  assert.is(await acknowledged(setup, unit, reportOf(unit, told)), 1);
  assert.is(unit.inbox.length, before + 1);
  const alarms = await setup.centre.context.db.tx((tx) =>
    tx.all("SELECT * FROM audit WHERE act = 'alarm.journal'"),
  );
  assert.is(alarms.length, 1, "told once");
  const again = { unit: unit.id, services: [] };
  await setup.centre.registerUnit({ ...again, deviceKey: unit.device.public });
  const refused = await setup.centre
    .registerUnit({ ...again, deviceKey: newSigningKey("unit").public })
    .catch((error: unknown) => error);
  assert.ok(isFault(refused, "centre.nameUsed"));
});

test("a loading that nobody could judge, and whose item staff found in the slot, is loaded by who loaded it", async (t) => {
  const { setup, unit, application, item } = await produced(t);
  const { applications } = setup.centre;
  assert.ok((await applications.assign(application.id, unit.id, ben)).ok);
  const itemHash = createHash("sha256").update(item).digest("hex").slice(0, 16);
  const rows = chain([
    { event: "exchange.unknown", slot: "03", itemHash, operator: "cleo+dora" },
    { event: "slot.settled", slot: "03", itemHash, outcome: "removed", operator: "anna" },
    { event: "exchange.unknown", slot: "04", itemHash, operator: "cleo+dora" },
    { event: "slot.settled", slot: "04", itemHash, outcome: "notMoved", operator: "anna" },
  ]);
  const one = async () => (await applications.list())[0];
  await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 3)));
  assert.is((await one())?.state, "assigned");
  await acknowledged(setup, unit, reportOf(unit, rows));
  assert.equal(
    [(await one())?.state, (await one())?.slot, (await one())?.loadedBy],
    ["loaded", "04", "cleo+dora"],
  );
});

test("a document that waits is permitted again before its week is over, unless somebody has been handed it", async (t) => {
  let offset = 0;
  const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + offset };
  const DAY = 86_400_000;
  const { setup, unit, application, item } = await produced(t, clock);
  const { applications } = setup.centre;
  const one = async () => {
    const [first] = await applications.list();
    if (!first?.voucher) throw new Error("no voucher");
    return { ...first, voucher: first.voucher };
  };
  const itemHash = createHash("sha256").update(item).digest("hex").slice(0, 16);
  assert.ok((await applications.assign(application.id, unit.id, ben)).ok);
  const first = await one();
  offset += 4 * DAY;
  assert.is(await applications.renewDue(), 0, "too early");
  offset += 1.5 * DAY;
  assert.is(await applications.renewDue(), 1);
  assert.is(await applications.renewDue(), 0, "once");
  // one that waits to be loaded needs its assignment too
  const second = await one();
  assert.ok(second.voucher !== first.voucher && second.assignment !== first.assignment);
  assert.is(second.assignedBy, "ben");
  assert.ok((second.voucherExp ?? 0) > (first.voucherExp ?? 0));
  const rows = chain([
    { event: "exchange.stored", slot: "03", itemHash, operator: "cleo" },
    { event: "handover.intent", slot: "03", itemHash, voucher: second.voucher },
  ]);
  await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 1)));
  assert.equal([(await one()).state, (await one()).assignedBy], ["loaded", "ben"]);
  offset += 6 * DAY;
  assert.is(await applications.renewDue(), 1);
  const third = await one();
  assert.equal([third.state, third.assignment], ["loaded", second.assignment]);
  const sequence = (id: string) =>
    setup.centre.context.db.tx((tx) =>
      tx.get<{ seq: number }>("SELECT seq FROM authorisations WHERE id = ?", id),
    );
  assert.ok(Number((await sequence(third.voucher))?.seq) > Number((await sequence(second.voucher))?.seq));
  // Under the one before somebody is just being handed it: what comes of that is for staff to say.
  await acknowledged(setup, unit, reportOf(unit, rows));
  offset += 6 * DAY;
  assert.is(await applications.renewDue(), 0);
  assert.is((await one()).voucher, third.voucher);
  assert.ok((await applications.renew(application.id, ben)).ok);
});

test("an officer releases a live voucher of that unit for its challenge, and settles an unknown slot", async (t) => {
  const { setup, unit, application } = await produced(t);
  const { centre } = setup;
  const assigned = await centre.applications.assign(application.id, unit.id, ben);
  assert.ok(assigned.ok && assigned.value.voucher);
  const voucher = assigned.value.voucher;
  const challenge = "c".repeat(22);
  await unit.publish(
    `k1/d/${unit.id}/up/ev/release`,
    unit.envelope("release", { voucher, challenge, slot: "03" }),
  );
  await acknowledged(setup, unit, reportOf(unit, chain([{ event: "vault.started" }])));
  const view = async () => (await centre.units.list())[0];
  assert.equal(
    (await view())?.requests.map((one) => [one.challenge, one.document]),
    [[challenge, { reference: application.reference, sid: application.sid, service: application.service }]],
  );
  assert.not.ok((await centre.authorisations.release(unit.id, "v-unknown", challenge, anna)).ok);
  assert.not.ok((await centre.authorisations.release("kt-02", voucher, challenge, anna)).ok);
  const released = await centre.authorisations.release(unit.id, voucher, challenge, anna);
  const settled = await centre.authorisations.settle(
    { unit: unit.id, slot: "03", effect: "e-1", finding: "removed" },
    anna,
  );
  assert.ok(released.ok && settled.ok);
  await acknowledged(setup, unit, reportOf(unit, chain([{ event: "vault.started" }])));
  const read = (type: "guichet.release.v1" | "guichet.settlement.v1") => typed(unit.inbox, type)[0] ?? "";
  const release = verifyJws(
    "guichet.release.v1",
    ReleaseSchema,
    read("guichet.release.v1"),
    centre.keys.keys,
  );
  assert.ok(release.ok && release.value.challenge === challenge && release.value.operator === "anna");
  const settlement = verifyJws(
    "guichet.settlement.v1",
    SettlementSchema,
    read("guichet.settlement.v1"),
    centre.keys.keys,
  );
  assert.ok(settlement.ok && settlement.value.finding === "removed");
});

test("an alarm that the vault wrote down is shown until its journal says that somebody has looked", async (t) => {
  const { setup, unit } = await produced(t);
  const rows = chain([
    { event: "interlock.latched", slot: "tamper.cabinet", effect: "alarm-1" },
    { event: "interlock.latched", slot: "tamper.back", effect: "alarm-2" },
    { event: "interlock.cleared", slot: "tamper.cabinet", effect: "alarm-1", operator: "anna" },
  ]);
  const alarms = async () =>
    (await setup.centre.units.list())[0]?.alarms.map(({ role, alarm }) => [role, alarm]);
  await acknowledged(setup, unit, reportOf(unit, rows.slice(0, 2)));
  assert.equal(await alarms(), [
    ["tamper.cabinet", "alarm-1"],
    ["tamper.back", "alarm-2"],
  ]);
  await acknowledged(setup, unit, reportOf(unit, rows));
  assert.equal(await alarms(), [["tamper.back", "alarm-2"]]);
});

test("an item code carries its check character", () => {
  const code = newItemCode();
  assert.match(code, /^ITM-[0-9A-Z]{8}$/);
  assert.ok(isItemCode(code));
  assert.not.ok(isItemCode(code.slice(0, -1) + (code.endsWith("A") ? "B" : "A")));
});

run();
