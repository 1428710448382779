import * as assert from "uvu/assert";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { err, isFault, ok } from "../../../drivers/kit/index.ts";
import { storeFault } from "../../../drivers/store/index.ts";
import { vaultFault } from "../../../runtime/vault/faults.ts";
import { move, watchDoor } from "../../../runtime/vault/motion.ts";
import { suite } from "../../kit.ts";
import { RELEASE } from "../../support/ledger-rig.ts";
import { type LockScene, lockScene, seen } from "../../support/lock-scene.ts";
import { heard } from "../../support/log.ts";

/** One motion of one lock, in the order in which it is done, over doors that are told what to show. */
const { test, run } = suite("motion of a lock");

const go = (scene: LockScene, expected: Parameters<typeof move>[2] = "present", intent = RELEASE) =>
  move(scene.context, intent, expected, scene.phase);

async function thrownBy(job: Promise<unknown>): Promise<unknown> {
  return job.then(
    () => undefined,
    (error) => error,
  );
}

/** A door that opens, stands open until `closes`, and shows `then`. */
const opens = (from: number, closes: number, then: string) => (at: number) =>
  at < from ? "locked present" : at < closes ? "open unknown" : then;

test("a hand-over is done in this order, and answers what was seen", async (t) => {
  const scene = await lockScene(t);
  scene.shows = opens(240, 600, "locked absent");
  const evidence = await go(scene);
  assert.equal(scene.trace, [
    "step before-intent",
    "look 1",
    "ledger.intent",
    "step intent",
    "phase intent",
    "step before-issued",
    "ledger.issue",
    "step issued",
    "phase issued",
    "unlock 1 e1 lock.main/0 public",
    "retire",
    "step sent",
    "phase unlocked",
    "look 1",
    "look 1",
    "look 1",
    "step latch-seen",
    "ledger.latchSeen",
    "phase opened",
    "step opened",
    "look 1",
    "look 1",
    "look 1",
    "step closed",
    "look twice 1",
    "phase closed",
    "step before-outcome",
  ]);
  assert.equal(evidence, {
    now: seen("locked absent"),
    again: seen("locked absent"),
    before: seen("locked present"),
    latchSeen: true,
    watched: true,
    longAway: false,
  });
  const row = await scene.rig.ledger.effect("e1");
  assert.equal([row?.state, row?.latch_seen], ["ISSUED", 1], "the outcome is the caller's");
});

test("staff's unlocks say that they are staff's", async (t) => {
  const scene = await lockScene(t);
  await scene.rig.ledger.openExchange("x1", [{ id: "c1", operator: "anna", unlocks: 1 }]);
  const { voucher, command, ...rest } = RELEASE;
  scene.shows = () => "locked absent";
  await go(scene, "absent", { ...rest, kind: "load", exchange: "x1" });
  assert.ok(scene.trace.includes("unlock 1 e1 lock.main/0 staff"));
});

test("a motion does not begin where the door or its sensor says no", async (t) => {
  for (const [shown, expected, code, locked] of [
    [undefined, "present", "vault.notReady", false],
    ["unknown present", "present", "vault.notReady", false],
    ["open present", "present", "vault.slotBusy", false],
    ["open absent", "present", "vault.slotBusy", false],
    ["locked absent", "present", "vault.contradiction", true],
    ["locked present", "absent", "vault.contradiction", true],
  ] as const) {
    const scene = await lockScene(t);
    scene.shows = () => shown;
    const thrown = await thrownBy(go(scene, expected));
    assert.ok(isFault(thrown, code), `${shown}: ${thrown}`);
    assert.equal(scene.deeds(), [
      "step before-intent",
      "ledger.intent",
      "step intent",
      "phase intent",
      "ledger.finish notMoved",
      ...(locked ? ["ledger.lockOut"] : []),
    ]);
    const journal = (await scene.rig.ledger.readJournal(0)).map(
      ({ event, outcome, detail, slot, effect }) => ({
        ...{ event, outcome, detail, slot, effect },
      }),
    );
    assert.equal(journal[1], {
      event: "handover.outcome",
      outcome: "notMoved",
      detail: code,
      slot: "1",
      effect: "e1",
    });
    const row = await scene.rig.ledger.effect("e1");
    assert.is(row?.after, shown === undefined ? null : JSON.stringify(seen(shown)));
    if (locked)
      assert.equal(journal[2], {
        event: "slot.unknown",
        outcome: undefined,
        detail: "itemSensor",
        slot: "1",
        effect: "e1",
      });
    assert.is((await scene.rig.ledger.slots())[0]?.state, locked ? "unknown" : "empty");
  }
});

test("a sensor that says nothing, and one that nobody asks, keep nobody from what is theirs", async (t) => {
  for (const [shown, expected] of [
    ["locked unknown", "present"],
    ["locked unknown", "absent"],
    ["locked present", "any"],
    ["locked absent", "any"],
  ] as const) {
    const scene = await lockScene(t);
    scene.shows = () => shown;
    await go(scene, expected);
    assert.ok(scene.trace.includes("unlock 1 e1 lock.main/0 public"), `${shown} ${expected}`);
  }
});

test("what cannot be paid ends without a byte; a store that fails leaves the intent to the next start", async (t) => {
  for (const [fault, state] of [
    [vaultFault("consumed"), "DONE notMoved vault.consumed"],
    [storeFault("dead"), "INTENT null undefined"],
    [new Error("no"), "INTENT null undefined"],
  ] as const) {
    const scene = await lockScene(t);
    const ledger = Object.create(scene.ledger) as typeof scene.ledger;
    Object.defineProperties(ledger, {
      issue: { value: async () => Promise.reject(fault) },
      intent: { value: scene.ledger.intent },
      finish: { value: scene.ledger.finish },
    });
    const thrown = await thrownBy(move({ ...scene.context, ledger }, RELEASE, "present", scene.phase));
    assert.is(thrown, fault);
    const row = await scene.rig.ledger.effect("e1");
    const detail = (await scene.rig.ledger.readJournal(1))[0]?.detail;
    assert.is(`${row?.state} ${row?.outcome} ${detail}`, state);
    assert.not.ok(scene.trace.some((line) => line.startsWith("unlock")));
  }
});

test("what an interlock has stopped, or never came to the byte, has the evidence of before", async (t) => {
  for (const [error, untouched, by] of [
    [deviceFault("interlocked", { by: "door" }), false, "door"],
    [deviceFault("interlocked"), false, "device.interlocked"],
    [deviceFault("absent"), true, "device.absent"],
  ] as const) {
    const scene = await lockScene(t);
    const lines = heard(t);
    scene.untouched = untouched;
    scene.onUnlock = () => err(error);
    const evidence = await go(scene);
    const before = seen("locked present");
    assert.equal(evidence, {
      now: before,
      again: before,
      before,
      latchSeen: false,
      watched: true,
      longAway: false,
      detail: error.code,
    });
    assert.is(scene.trace.at(-1), "step sent");
    assert.equal(
      lines.map((line) => [line.event, line.effect, line.slot, line.by]),
      [["vault.notSent", "e1", "1", by]],
    );
  }
});

test("an unlock that failed with its byte perhaps out is watched like any other", async (t) => {
  const scene = await lockScene(t);
  const lines = heard(t);
  scene.onUnlock = () => err(deviceFault("noReply"));
  scene.shows = opens(100, 400, "locked absent");
  const { latchSeen, watched, now } = await go(scene);
  assert.equal([latchSeen, watched, now], [true, true, seen("locked absent")]);
  assert.not.ok(scene.trace.includes("phase unlocked"));
  assert.ok(scene.trace.includes("phase opened"));
  assert.equal(
    lines.map(({ event, effect, slot }) => [event, effect, slot]),
    [["vault.sendFailed", "e1", "1"]],
  );
});

test("a latch that never opens is watched for its time, and its door is not said to have closed", async (t) => {
  const scene = await lockScene(t);
  const { latchSeen, watched } = await go(scene);
  assert.equal([latchSeen, watched], [false, true]);
  const looks = scene.trace.filter((line) => line === "look 1").length;
  // Before the intent, each 120 ms for 3 s, and once at the door.
  assert.is(looks, 1 + 25 + 1);
  assert.ok(scene.trace.includes("step not-opened"));
  assert.not.ok(scene.trace.includes("step opened"));
  assert.not.ok(scene.trace.includes("phase closed"));
  assert.ok(scene.clock.mono() >= 3_000 && scene.clock.mono() < 3_400, String(scene.clock.mono()));
});

test("a board that is silent for so long that somebody may have opened and closed has not watched", async (t) => {
  const silent = (from: number, to: number) => (at: number) =>
    at >= from && at < to ? undefined : "locked present";
  for (const [shows, watched] of [
    [silent(360, 950), true],
    [silent(360, 1_000), false],
    // Until the end of the time to open, and beyond.
    [silent(2_400, 4_000), true],
    [silent(2_200, 4_000), false],
    // From the command on.
    [silent(1, 700), true],
    [silent(1, 800), false],
  ] as const) {
    const scene = await lockScene(t);
    scene.shows = shows;
    assert.is((await go(scene)).watched, watched, shows.toString());
  }
});

test("the time of an unlock that came back is not one of silence; of another it may be", async (t) => {
  for (const [result, ms, watched] of [
    [ok(undefined), 1_000, true],
    [err(deviceFault("noReply")), 1_000, false],
    [err(deviceFault("noReply")), 700, true],
  ] as const) {
    const scene = await lockScene(t);
    scene.onUnlock = () => {
      scene.pass(ms);
      return result;
    };
    assert.is((await go(scene)).watched, watched);
  }
});

test("limits of the configuration count instead of the usual ones", async (t) => {
  const scene = await lockScene(t);
  const limits = { unlatch: 500, pollLatch: 50, doorOpen: 1_000, pollDoor: 100 };
  const done = move({ ...scene.context, limits }, RELEASE, "present", scene.phase);
  assert.is((await done).latchSeen, false);
  assert.is(scene.trace.filter((line) => line === "look 1").length, 1 + 10 + 1);
});

test("a door may stand open for two minutes; what is silent is not closed", async (t) => {
  for (const [shows, least, most] of [
    [() => "open absent", 120_000, 120_200],
    [() => undefined, 120_000, 120_200],
    [(at: number) => (at < 60_000 ? "open absent" : "locked absent"), 60_000, 60_200],
    [() => "locked present", 0, 0],
  ] as const) {
    const scene = await lockScene(t);
    scene.shows = shows;
    await watchDoor(scene.context, "1");
    const took = scene.clock.mono();
    assert.ok(took >= least && took <= most, `${took} ms`);
  }
});

test("when the process ends, what moves is left as it is to the next start", async (t) => {
  for (const [at, shows] of [
    [120, () => "locked present"],
    [1_000, opens(1, 100_000, "locked absent")],
    // Between the two looks at the end.
    [3_200, () => "locked present"],
  ] as const) {
    const scene = await lockScene(t);
    scene.shows = shows;
    scene.onTime = (mono) => {
      if (mono >= at) scene.stopping.abort();
    };
    const thrown = await thrownBy(go(scene));
    assert.ok(isFault(thrown, "vault.stopping"), String(thrown));
    assert.ok(scene.clock.mono() < at + 500, `${scene.clock.mono()} ms`);
    assert.is((await scene.rig.ledger.effect("e1"))?.state, "ISSUED");
    assert.not.ok(scene.trace.includes("step before-outcome"));
    if (at < 3_000) assert.not.ok(scene.trace.includes("step closed"));
  }
});

run();
