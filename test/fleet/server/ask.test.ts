import { join } from "node:path";
import * as assert from "uvu/assert";
import { makePeople, writeRegister } from "../../../drivers/bench/people.ts";
import {
  BENCH_TEMPLATE_BYTES,
  BENCH_TEMPLATE_FORMAT,
  matchScore,
  templateOf,
} from "../../../drivers/bench/templates.ts";
import { type Clock, newId, setLog, systemClock } from "../../../drivers/kit/index.ts";
import {
  type Decision,
  DecisionSchema,
  newReplyKey,
  openSmall,
  type Probe,
  prefillBinding,
  probeBinding,
  sealSmall,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import { importRegister, type Matcher } from "../../../fleet/server/index.ts";
import { suite } from "../../kit.ts";
import { type CentreSetup, joinUnit, setUpCentre, type TestUnit } from "../../support/centre.ts";

const { test, run } = suite("ask");

const people = makePeople("ask-test");
const who = (id: string) => {
  const person = people.find((one) => one.id === id);
  if (!person) throw new Error(id);
  return person;
};
const matcher: Matcher = {
  score: (format, a, b) => (format === BENCH_TEMPLATE_FORMAT ? matchScore(a, b) : undefined),
};

async function setUp(t: { after(f: () => unknown): void }) {
  const setup = await setUpCentre(t, "mosquitto", {
    matcher,
    register: importRegister(await registerFile(t)),
  });
  return { setup, unit: await joinUnit(t, setup) };
}
async function registerFile(t: { after(f: () => unknown): void }): Promise<string> {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const dir = mkdtempSync(join(tmpdir(), "guichet-people-"));
  t.after(() => rmSync(dir, { recursive: true }));
  await writeRegister(join(dir, "people.json"), people);
  return join(dir, "people.json");
}

function probe(person: string, finger: [string, number], over: Partial<Probe> = {}) {
  const reply = newReplyKey();
  const seed = who(finger[0]).fingers.get(finger[1]);
  if (!seed) throw new Error("finger");
  const body: Probe = {
    v: 1,
    qid: newId(),
    unit: "kt-01",
    number: who(person).number,
    dateOfBirth: who(person).dateOfBirth,
    template: Buffer.from(templateOf(seed, BENCH_TEMPLATE_BYTES, 3)).toString("base64url"),
    templateFormat: BENCH_TEMPLATE_FORMAT,
    replyKey: reply.x,
    ...over,
  };
  return { body, reply };
}

async function ask(setup: CentreSetup, unit: TestUnit, body: Probe): Promise<Decision> {
  const seal = setup.centre.keys.sealTo[0];
  if (!seal) throw new Error("no sealing key");
  const sealed = await sealSmall(seal, Buffer.from(JSON.stringify(body)), probeBinding(unit.id, body.qid));
  const answer = unit.next(`/ask/${body.qid}`);
  await unit.publish(`k1/d/${unit.id}/up/ask/${body.qid}`, sealed);
  const token = (await answer).payload.toString();
  const decision = verifyJws("guichet.decision.v1", DecisionSchema, token, setup.centre.keys.keys);
  if (!decision.ok) throw decision.error;
  assert.is(decision.value.qid, body.qid);
  return decision.value;
}

test("the right person with the right finger is accepted and pre-filled, for the one who asked only", async (t) => {
  const { setup, unit } = await setUp(t);
  const { body, reply } = probe("ada", ["ada", 1]);
  const decision = await ask(setup, unit, body);
  assert.is(decision.decision, "accepted");
  assert.equal(decision.eligible, ["hkic-application", "passport-application"]);
  const binding = prefillBinding("kt-01", body.qid);
  const opened = await openSmall(reply, decision.sealed ?? "", binding);
  assert.ok(opened.ok);
  assert.is(JSON.parse(String(opened.value)).fields.nameZh, who("ada").nameZh);
  assert.not.ok((await openSmall(newReplyKey(), decision.sealed ?? "", binding)).ok);
  assert.not.ok((await openSmall(reply, decision.sealed ?? "", prefillBinding("kt-01", "other"))).ok);
  // brackets, spaces and case of the number do not matter
  const spelt = who("ada")
    .number.replace(/(.)(.{6})(.)/, "$1 $2 ($3)")
    .toLowerCase();
  assert.is((await ask(setup, unit, probe("ada", ["ada", 2], { number: spelt }).body)).decision, "accepted");
});

test("a wrong finger, an unknown number and a wrong date get nothing personal", async (t) => {
  const { setup, unit } = await setUp(t);
  const answer = async (body: Probe) => {
    const { decision, eligible, sealed, reason } = await ask(setup, unit, body);
    assert.is(sealed, undefined);
    assert.equal(eligible, []);
    return `${decision} ${reason}`;
  };
  assert.is(await answer(probe("ada", ["ben", 1]).body), "refused finger");
  assert.is(await answer(probe("ada", ["ada", 1], { templateFormat: "other" }).body), "refused finger");
  const unknown = await answer(probe("ada", ["ada", 1], { number: "A1234563" }).body);
  const wrongDate = await answer(probe("ada", ["ada", 1], { dateOfBirth: "1984-03-13" }).body);
  assert.is(unknown, wrongDate);
  assert.is(await answer(probe("gwen", ["gwen", 1]).body), "notEligible rules");
});

test("the same question gets the same answer; another one under its id, or one that does not open, gets none", async (t) => {
  const { setup, unit } = await setUp(t);
  const seal = setup.centre.keys.sealTo[0];
  if (!seal) throw new Error("no sealing key");
  const { body } = probe("dan", ["dan", 7]);
  const sealed = await sealSmall(seal, Buffer.from(JSON.stringify(body)), probeBinding("kt-01", body.qid));
  const topic = `k1/d/kt-01/up/ask/${body.qid}`;
  const first = unit.next(body.qid);
  await unit.publish(topic, sealed);
  const token = (await first).payload.toString();
  const second = unit.next(body.qid);
  await unit.publish(topic, sealed);
  assert.is((await second).payload.toString(), token);
  const before = unit.inbox.length;
  await unit.publish(topic, await sealSmall(seal, Buffer.from("{}"), probeBinding("kt-01", body.qid)));
  // sealed for another question: replaying a probe under a new id opens nothing
  await unit.publish("k1/d/kt-01/up/ask/other-question", sealed);
  await unit.publish("k1/d/kt-01/up/ask/torn-question", sealed.slice(0, 40));
  await ask(setup, unit, probe("eve", ["eve", 1]).body);
  assert.is(unit.inbox.length, before + 1);
  const personal = [who("dan").number, who("eve").number, who("dan").dateOfBirth];
  assert.not.ok(personal.some((mark) => JSON.stringify(setup.lines).includes(mark)));
});

test("a register that does not answer leaves that question without an answer, and holds up nothing behind it", async (t) => {
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(ms === 5_000 ? 50 : ms, signal),
  };
  let silent = true;
  const register = importRegister(await registerFile(t));
  const setup = await setUpCentre(t, "mosquitto", {
    matcher,
    clock,
    register: { find: (number) => (silent ? new Promise(() => undefined) : register.find(number)) },
  });
  const unit = await joinUnit(t, setup);
  const [lost, next] = [probe("ada", ["ada", 1]).body, probe("ada", ["ada", 1]).body];
  const away = new Promise<void>((resolve) => {
    setLog({ level: "error", sink: ({ event }) => event === "centre.registerAway" && resolve() });
  });
  void ask(setup, unit, lost);
  await away;
  silent = false;
  assert.is((await ask(setup, unit, next)).decision, "accepted");
  assert.not.ok(unit.inbox.some(({ topic }) => topic.endsWith(lost.qid)));
  assert.is((await ask(setup, unit, lost)).decision, "accepted", "asked again, it is decided anew");
});

run();
