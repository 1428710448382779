import * as assert from "uvu/assert";
import type { DispenserFault } from "../../../drivers/bench/index.ts";
import { type Fault, isFault, type Result } from "../../../drivers/kit/index.ts";
import { suite } from "../../kit.ts";
import { CARDS, unitRig } from "./support.ts";

const { test, run } = suite("crt591");
const code = (result: Result<unknown, Fault>): string => (result.ok ? "ok" : result.error.code);
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error) => (isFault(error) ? error.code : String(error)),
  );
const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw result.error;
  return result.value;
};
/** Writes that are whole commands with this CM, of the address 3. */
const sent = (written: string[], cm: string) =>
  written.filter((text) => text.startsWith(`F203`) && text.slice(10, 12) === cm);

for (const profile of ["m001", "r02"] as const) {
  test(`${profile}: feed, identify, present, take; present and retract into the bin, which counts`, async (t) => {
    const rig = unitRig({ profile });
    t.after(() => rig.unit.stop());
    const { verbs, recover, identity } = await rig.open();
    assert.match(identity.firmware ?? "", profile === "m001" ? /M001/ : /R02/);
    assert.equal(await recover(), { path: "clear", binFull: false, binCount: 0 });
    assert.equal(rig.view().motions, { feed: 0, present: 0, retract: 0, eject: 0, entry: 0 });

    assert.is(code(await verbs.feed(rig.token("feed"))), "ok");
    assert.is(value(await verbs.read()).path, "reader");
    assert.is(value(await verbs.identify()), CARDS[0]);
    assert.is(code(await verbs.present(rig.token("present"))), "ok");
    assert.is(value(await verbs.read()).path, "gate");
    rig.plant.cards.take("dispenser.main");
    assert.equal(value(await verbs.read()), {
      path: "clear",
      magazines: ["low"],
      bin: { full: false, count: 0 },
    });

    assert.is(code(await verbs.feed(rig.token("feed"))), "ok");
    assert.is(code(await verbs.present(rig.token("present"))), "ok");
    assert.is(code(await verbs.retract(rig.token("retract"))), "ok");
    assert.equal(value(await verbs.read()), {
      path: "clear",
      magazines: ["low"],
      bin: { full: false, count: 1 },
    });
    assert.equal(rig.view().motions, { feed: 2, present: 2, retract: 1, eject: 0, entry: 0 });
    assert.is(code(await verbs.clearBinCount()), "ok");
    assert.is(value(await verbs.read()).bin.count, 0);
  });

  test(`${profile}: an old card comes in through the entry only while it is open`, async (t) => {
    const rig = unitRig({ profile });
    t.after(() => rig.unit.stop());
    const { verbs } = await rig.open();
    assert.throws(() => rig.plant.cards.insert("dispenser.main", CARDS[2] as string));
    assert.is(code(await verbs.accept(rig.token("accept"))), "ok");
    rig.plant.cards.insert("dispenser.main", "04112233445566");
    assert.is(value(await verbs.read()).path, "reader");
    assert.is(value(await verbs.identify()), "04112233445566");
    assert.is(code(await verbs.retract(rig.token("retract"))), "ok");
    assert.is(value(await verbs.read()).bin.count, 1);
    assert.is(code(await verbs.accept(rig.token("accept"))), "ok");
    assert.is(code(await verbs.endAccept()), "ok");
    assert.not(rig.view().entry);
    assert.throws(() => rig.plant.cards.insert("dispenser.main", "04112233445566"));
    assert.is(rig.view().motions.entry, 2);
  });
}

test("a unit that hears another rate is found; silence at all of them is no reply", async (t) => {
  for (const hears of [115_200, 9_600, 38_400, 19_200, 57_600]) {
    const rig = unitRig({ hears });
    t.after(() => rig.unit.stop());
    await rig.open();
    assert.is(rig.rates.at(-1), hears);
    assert.not(rig.written.includes("04"));
  }
  const deaf = unitRig({ hears: 1 });
  t.after(() => deaf.unit.stop());
  assert.is(await codeOf(deaf.open()), "device.noReply");
  assert.ok(deaf.written.includes("04"));
});

test("another model than the configured one is misbound: nothing of it moves", async (t) => {
  for (const [profile, found] of [
    ["m001", "r02"],
    ["r02", "m001"],
  ] as const) {
    const rig = unitRig({ profile, found });
    t.after(() => rig.unit.stop());
    assert.is(await codeOf(rig.open()), "device.misbound");
    assert.equal(Object.values(rig.view().motions), [0, 0, 0, 0, 0]);
  }
});

test("a motion without its own token sends nothing: none, used, for another motion, another magazine", async (t) => {
  const rig = unitRig();
  t.after(() => rig.unit.stop());
  const { verbs } = await rig.open();
  const used = rig.token("feed");
  assert.is(code(await verbs.feed(used)), "ok");
  assert.is(code(await verbs.retract(rig.token("retract"))), "ok");
  rig.written.length = 0;
  assert.is(code(await verbs.feed(used)), "device.unauthorised");
  assert.is(code(await verbs.feed(rig.token("present"))), "device.unauthorised");
  assert.is(code(await verbs.feed(rig.token("feed", 1))), "device.invalidParameter");
  assert.is(code(await verbs.accept(rig.token("feed"))), "device.unauthorised");
  assert.equal(sent(rig.written, "32"), []);
  assert.equal(sent(rig.written, "33"), []);
});

test("a motion that does not fit what is in the path is refused before its token is used", async (t) => {
  const rig = unitRig();
  t.after(() => rig.unit.stop());
  const { verbs } = await rig.open();
  rig.written.length = 0;
  for (const motion of ["present", "retract"] as const) {
    assert.is(code(await verbs[motion](rig.token(motion))), "device.notReady");
  }
  rig.plant.cards.moveByHand("dispenser.main", "gate");
  for (const motion of ["feed", "accept", "present"] as const) {
    assert.is(code(await verbs[motion](rig.token(motion))), "device.notReady");
  }
  assert.equal(sent(rig.written, "32"), []);
  assert.equal(Object.values(rig.view().motions), [0, 0, 0, 0, 0]);
});

/** What a command comes to under each fault: of a question, of a motion, and how often the motor turned. */
const faults: [DispenserFault, question: string, motion: string, turns: number][] = [
  ["noAck", "ok", "ok", 1],
  ["deaf", "ok", "device.noReply", 0],
  ["nak", "ok", "device.protocol", 0],
  ["silent", "ok", "device.noReply", 1],
  ["late", "ok", "ok", 1],
  ["duplicate", "ok", "ok", 1],
  ["badBcc", "ok", "ok", 1],
  ["truncated", "ok", "ok", 1],
  ["junk", "ok", "ok", 1],
  ["split", "ok", "ok", 1],
  ["wrongAddress", "ok", "device.noReply", 1],
];
for (const [fault, question, motion, turns] of faults) {
  test(`${fault}: a question ends ${question}, a motion ${motion} and is sent once`, async (t) => {
    const rig = unitRig();
    t.after(() => rig.unit.stop());
    const { verbs } = await rig.open();
    rig.unit.setFault(fault, 1);
    const read = await verbs.read();
    assert.is(code(read), question);
    assert.is(value(read).path, "clear");
    await rig.clock.sleep(5_000);
    rig.written.length = 0;
    // The first command of a motion asks for the path; the second one moves.
    const feeding = verbs.feed(rig.token("feed"));
    while (sent(rig.written, "31").length === 0) await rig.clock.sleep(1);
    await rig.clock.sleep(6);
    rig.unit.setFault(fault, 1);
    assert.is(code(await feeding), motion);
    assert.is(sent(rig.written, "32").length, 1);
    assert.is(rig.view().motions.feed, turns);
    await rig.clock.sleep(5_000);
    assert.is(value(await verbs.read()).path, turns === 1 ? "reader" : "clear");
  });
}

test("a unit that lost its power says so; after INIT it is where its card is, before or after the motion", async (t) => {
  for (const [fault, path] of [
    ["resetBefore", "clear"],
    ["resetAfter", "reader"],
  ] as const) {
    const rig = unitRig();
    t.after(() => rig.unit.stop());
    const first = await rig.open();
    const feeding = first.verbs.feed(rig.token("feed"));
    while (sent(rig.written, "31").length === 0) await rig.clock.sleep(1);
    await rig.clock.sleep(6);
    rig.unit.setFault(fault, 1);
    assert.is(code(await feeding), "device.noReply");
    assert.is(await codeOf(first.probe()), "device.fault");
    await first.close();
    const second = await rig.open();
    assert.is((await second.recover()).path, path);
    assert.is(sent(rig.written, "32").length, 1);
  }
});

test("jams, an empty magazine and a full bin are told apart; what is stuck shows in the path", async (t) => {
  const rig = unitRig({ loaded: CARDS.slice(0, 2) });
  t.after(() => rig.unit.stop());
  const { verbs } = await rig.open();
  const { cards } = rig.plant;
  cards.setJam("dispenser.main", { motor: "feed", where: "start", after: 0 });
  assert.is(code(await verbs.feed(rig.token("feed"))), "device.jammed");
  assert.is(value(await verbs.read()).path, "clear");
  cards.setJam("dispenser.main", { motor: "feed", where: "middle", after: 0 });
  assert.is(code(await verbs.feed(rig.token("feed"))), "device.jammed");
  assert.is(value(await verbs.read()).path, "reader");
  assert.is(code(await verbs.identify()), "device.unreadable");
  cards.free("dispenser.main");
  cards.setJam("dispenser.main", null);
  assert.is(code(await verbs.feed(rig.token("feed"))), "ok");
  cards.setBinCapacity("dispenser.main", 0);
  assert.is(value(await verbs.read()).bin.full, true);
  assert.is(code(await verbs.retract(rig.token("retract"))), "device.storageFull");
  cards.free("dispenser.main");
  assert.is(code(await verbs.feed(rig.token("feed"))), "device.empty");
});

test("two cards that stick together, and a number that is drawn anew, identify nothing", async (t) => {
  const rig = unitRig({ loaded: [...CARDS.slice(0, 2), "08AABBCC"] });
  t.after(() => rig.unit.stop());
  const { verbs } = await rig.open();
  rig.plant.cards.setDoubleFeed("dispenser.main", 1);
  assert.is(code(await verbs.feed(rig.token("feed"))), "ok");
  assert.is(code(await verbs.identify()), "device.unreadable");
  assert.is(code(await verbs.retract(rig.token("retract"))), "ok");
  assert.is(rig.view().bin.length, 2);
  assert.is(code(await verbs.feed(rig.token("feed"))), "ok");
  assert.is(code(await verbs.identify()), "device.unreadable");
});

test("the R02 tells a full bin by its last sensor, and takes back by its own timer what nobody takes", async (t) => {
  const rig = unitRig({ profile: "r02" });
  t.after(() => rig.unit.stop());
  const { verbs } = await rig.open();
  rig.plant.cards.setBinCapacity("dispenser.main", 1);
  await verbs.feed(rig.token("feed"));
  await verbs.present(rig.token("present"));
  await rig.clock.sleep(25_000);
  assert.equal(value(await verbs.read()), {
    path: "clear",
    magazines: ["low"],
    bin: { full: true, count: 1 },
  });
});

run();
