import * as assert from "uvu/assert";
import { templateOf } from "../../../drivers/bench/templates.ts";
import type { Cleared, Prompt } from "../../../drivers/contract/index.ts";
import { OP } from "../../../drivers/fingerprint/ef01/frame.ts";
import { suite, type TestContext } from "../../kit.ts";
import { bench, code, context, finger, seedOf } from "./support.ts";

const { test, run } = suite("ef01 library");

/** A person who does what is said: lays the finger on and lifts it. */
function obedient(state: { finger: ReturnType<typeof finger> | null }, n: number, userTimeMs = 20_000) {
  const person = context(userTimeMs);
  const { prompts } = person;
  return {
    ...person,
    prompt: (prompt: Prompt) => {
      prompts.push(prompt);
      if (prompt === "place" || prompt === "placeAgain") state.finger = finger(n);
      if (prompt === "lift") state.finger = null;
    },
  };
}

for (const profile of ["r503", "zfm"] as const) {
  test(`${profile}: a finger is enrolled, found again, listed and removed`, async (t) => {
    const { state, simulator, open } = bench(t, profile);
    const session = await open();
    await session.recover();
    const { verbs } = session;
    const person = obedient(state, 1);
    const enrolled = await verbs.enrol({}, person);
    assert.ok(enrolled.ok, JSON.stringify(enrolled));
    const { id } = enrolled.value;
    assert.is(person.prompts.filter((prompt) => prompt === "placeAgain").length, profile === "r503" ? 3 : 1);
    assert.equal(simulator.library(), [id]);
    const again = await verbs.enrol({}, obedient(state, 1));
    assert.is(code(again), "device.alreadyEnrolled");
    const other = await verbs.enrol({}, obedient(state, 2));
    assert.ok(other.ok && other.value.id !== id);
    const who = await verbs.identify(obedient(state, 1));
    assert.ok(who.ok && who.value.id === id && who.value.score >= 60);
    const nobody = await verbs.identify(obedient(state, 3));
    assert.ok(nobody.ok && nobody.value.id === undefined);
    assert.is(code(await verbs.remove({ id })), "ok");
    assert.is(code(await verbs.remove({ id })), "ok");
    assert.is(code(await verbs.remove({ id: 100 })), "device.invalidParameter");
    const left = await verbs.list();
    assert.equal(left.ok && left.value.ids, [other.value.id]);
    assert.is(code(await verbs.clear()), "ok");
    assert.equal(simulator.library(), []);
    assert.not(simulator.remembers());
  });
}

test("nothing is ever overwritten: a slot is taken only where nothing is, the borrowed page never", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open({ retention: "keep", reservedPage: 0 });
  for (let page = 0; page < 200; page++)
    if (page !== 7) simulator.state.pages.set(page, Buffer.from(templateOf(seedOf(50), 1536, page + 1)));
  simulator.state.pages.delete(0);
  const before = new Map(simulator.state.pages);
  const enrolled = await session.verbs.enrol({}, obedient(state, 1));
  assert.ok(enrolled.ok && enrolled.value.id === 7);
  assert.is(code(await session.verbs.enrol({}, obedient(state, 2))), "device.libraryFull");
  for (const [page, template] of before) assert.is(simulator.state.pages.get(page), template);
});

/** Kills the connection, or the answer, at each command of an enrolment in turn. */
async function cutAtEach(t: TestContext, how: "pull" | "noReply", retention: "keep" | "clear") {
  let cuts = 0;
  for (let at = 1; ; at++) {
    const { state, simulator, hooks, driver, pull } = bench(t, "zfm");
    const own = driver({ retention });
    const open = () => own.open(new AbortController().signal);
    const first = await open();
    await first.recover();
    let commands = 0;
    hooks.onCommand = (op) => {
      // Waiting for a person repeats itself: one look of each kind is enough.
      if (op === OP.getImage) return;
      if (++commands !== at) return;
      if (how === "pull") pull();
      else simulator.setFault("noReply", 1);
    };
    const result = await first.verbs.enrol({}, obedient(state, 1));
    if (commands < at) {
      assert.ok(result.ok);
      return cuts;
    }
    cuts++;
    hooks.onCommand = () => undefined;
    simulator.setFault("ok");
    state.finger = null;
    await first.close();
    const second = await open();
    await second.recover();
    if (result.ok && retention === "keep") assert.equal(simulator.library(), [result.value.id], `cut ${at}`);
    else assert.equal(simulator.library(), [], `cut ${at} of ${how}: ${code(result)}`);
    await second.close();
  }
}

test("an enrolment that is cut at any command leaves nothing, whether the library is kept or not", async (t) => {
  for (const retention of ["keep", "clear"] as const) assert.ok((await cutAtEach(t, "pull", retention)) >= 6);
});

test("a lost answer at any command of an enrolment ends with an id that is there, or with nothing", async (t) => {
  assert.ok((await cutAtEach(t, "noReply", "keep")) >= 8);
}, 120_000);

test("a kept library outlives visits and starts; a cleared one does not, and each clearing is told", async (t) => {
  const { state, simulator, open } = bench(t);
  const keeping = await open({ retention: "keep" });
  assert.is(keeping.capabilities.retention, "keep");
  const told: Cleared[] = [];
  await keeping.recover();
  keeping.verbs.onCleared((cleared) => told.push(cleared));
  assert.equal(
    told.map(({ why, templates }) => [why, templates]),
    [["recovery", 0]],
  );
  assert.is(code(await keeping.verbs.enrol({}, obedient(state, 1))), "ok");
  assert.is(code(await keeping.verbs.clear()), "ok");
  assert.is(simulator.library().length, 1);
  assert.not(simulator.remembers());
  await keeping.close();
  const again = await open({ retention: "keep" });
  await again.recover();
  assert.is(simulator.library().length, 1);
  await again.close();
  const clearing = await open();
  assert.is(clearing.capabilities.retention, "clear");
  await clearing.recover();
  assert.equal(simulator.library(), []);
  const second: Cleared[] = [];
  const stop = clearing.verbs.onCleared((cleared) => second.push(cleared));
  await clearing.verbs.clear();
  stop();
  await clearing.verbs.clear();
  assert.equal(
    second.map(({ why, templates, buffers }) => [why, templates, buffers]),
    [
      ["recovery", 1, true],
      ["request", 0, true],
    ],
  );
});

test("a cancelled enrolment, and one of two different fingers' worth of silence, leave nothing", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open();
  const abort = new AbortController();
  const person = {
    ...context(60_000, abort.signal),
    prompt: (prompt: Prompt) => prompt === "lift" && abort.abort(),
  };
  state.finger = finger(1);
  assert.is(code(await session.verbs.enrol({}, person as never)), "device.canceled");
  assert.equal(simulator.library(), []);
  // Never lifted.
  assert.is(code(await session.verbs.enrol({}, context(300))), "device.timeoutUser");
  assert.equal(simulator.library(), []);
});

test("a library is listed rightly where the index table is missing or shifted", async (t) => {
  for (const quirks of [{ lacks: [OP.readIndexTable] }, { indexShift: 1 }]) {
    const { simulator, open } = bench(t, "r503", quirks);
    const session = await open({ retention: "keep" });
    for (const page of [0, 3, 41]) simulator.state.pages.set(page, Buffer.alloc(1536, page + 1));
    const listed = await session.verbs.list();
    assert.equal(listed.ok && listed.value.ids, [0, 3, 41]);
  }
});

run();
