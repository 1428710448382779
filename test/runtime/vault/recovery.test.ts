import * as assert from "uvu/assert";
import { isFault } from "../../../drivers/kit/index.ts";
import type { Intent } from "../../../runtime/vault/ledger.ts";
import { settleOpenEffects, watchPresented } from "../../../runtime/vault/recovery.ts";
import { suite, type TestContext } from "../../kit.ts";
import { AT, LOAD, RELEASE, UNLOAD, WALL } from "../../support/ledger-rig.ts";
import { type LockScene, lockScene, seen } from "../../support/lock-scene.ts";
import { heard } from "../../support/log.ts";

/** What becomes of motions that a cut has ended, and of what was left presented, by what the doors show. */
const { test, run } = suite("recovery");

/** In a slot of its own, so that both can be under way. */
const EMPTYING: Intent = { ...UNLOAD, slot: "3" };
/** The uptime at which the intents were written. */
const UP = 12_346;
const BOOT = { id: "boot-1", clockKept: false, uptime: () => UP };
const settle = (scene: LockScene, boot = BOOT, settleCard?: Parameters<typeof settleOpenEffects>[1]) =>
  settleOpenEffects({ ...scene.context, boot }, settleCard);

/** A scene in which these were issued before the cut, the latch of some seen open. */
async function cut(
  t: Pick<TestContext, "after">,
  intents: readonly Intent[],
  latchSeen = false,
): Promise<LockScene> {
  const scene = await lockScene(t);
  const { ledger } = scene.rig;
  await ledger.openExchange("x1", [{ id: "c1", operator: "a", unlocks: 9 }]);
  for (const intent of intents) {
    await ledger.intent(intent);
    const item = intent.kind === "load" ? "absent" : "present";
    await ledger.issue(intent, { latch: "locked", item }, AT);
    if (latchSeen) await ledger.latchSeen(intent);
  }
  return scene;
}
const outcomeOf = async (scene: LockScene, effect: string) =>
  (await scene.rig.ledger.effect(effect))?.outcome;

test("what was only meant was never sent; what was issued is judged, and nothing is sent", async (t) => {
  const scene = await cut(t, [RELEASE]);
  await scene.rig.ledger.intent({ ...LOAD, slot: "2" });
  const lines = heard(t);
  scene.shows = () => "locked absent";
  assert.is(await settle(scene), 2);
  assert.equal(
    lines.map(({ event, effect, slot, outcome }) => [event, effect, slot, outcome]).sort(),
    [
      ["vault.recovered", "e1", "1", "taken"],
      ["vault.recovered", "e2", "2", "notMoved"],
    ].sort(),
  );
  const rows = await scene.rig.ledger.readJournal(0);
  const said = rows
    .filter(({ outcome }) => outcome)
    .map(({ effect, outcome, detail }) => [effect, outcome, detail]);
  assert.equal(said.sort(), [
    ["e1", "taken", "afterRestart"],
    ["e2", "notMoved", "neverSent"],
  ]);
  assert.equal((await scene.rig.ledger.effect("e1"))?.after, JSON.stringify(seen("locked absent")));
  assert.not.ok(scene.trace.some((line) => line.startsWith("unlock")));
  assert.is(await settle(scene), 0, "each once");
});

test("each kind has its judge, and a latch that was seen open before the cut counts", async (t) => {
  for (const [intent, latchSeen, shown, outcome] of [
    [RELEASE, false, "locked present", "notMoved"],
    [RELEASE, true, "locked present", "presented"],
    [RELEASE, true, "locked unknown", "presented"],
    [RELEASE, false, "locked unknown", "unknown"],
    [LOAD, false, "locked present", "stored"],
    [LOAD, false, "locked absent", "empty"],
    [LOAD, true, "locked unknown", "stored"],
    [LOAD, false, "locked unknown", "unknown"],
    [EMPTYING, false, "locked absent", "empty"],
    [EMPTYING, false, "locked present", "notMoved"],
    [EMPTYING, true, "locked present", "presented"],
    [EMPTYING, true, "locked unknown", "unknown"],
  ] as const) {
    const scene = await cut(t, [intent], latchSeen);
    scene.shows = () => shown;
    await settle(scene);
    assert.is(await outcomeOf(scene, intent.effect), outcome, `${intent.kind} ${latchSeen} ${shown}`);
  }
});

test("a board that nobody can read says nothing; nor does one that contradicts itself", async (t) => {
  const scene = await cut(t, [RELEASE, LOAD]);
  scene.shows = (at, slot) =>
    slot === "1" ? undefined : at % 500 < 250 ? "locked present" : "locked absent";
  await settle(scene);
  assert.equal([await outcomeOf(scene, "e1"), await outcomeOf(scene, "e2")], ["unknown", "unknown"]);
});

test("a door that staff have open is waited for, and written down; a person's is not", async (t) => {
  for (const [intent, latchSeen, waits] of [
    [LOAD, false, true],
    [LOAD, true, true],
    [EMPTYING, false, true],
    [RELEASE, false, false],
  ] as const) {
    const scene = await cut(t, [intent], latchSeen);
    scene.shows = (at) => (at < 5_000 ? "open unknown" : "locked present");
    await settle(scene);
    assert.is(scene.clock.mono() >= 5_000, waits, intent.kind);
    assert.equal(
      scene.deeds().filter((line) => line === "ledger.latchSeen").length,
      waits && !latchSeen ? 1 : 0,
    );
    assert.is((await scene.rig.ledger.effect(intent.effect))?.latch_seen, waits ? 1 : 0);
    // An unloading whose item is still there was presented: its door was open.
    const expected = { load: "stored", unload: "presented", release: "presented" };
    assert.is(await outcomeOf(scene, intent.effect), expected[intent.kind as "load"]);
  }
});

test("what staff laid in is theirs as long as nobody else can have come", async (t) => {
  const uptime = (ms: number) => ({ ...BOOT, uptime: () => UP + ms });
  const other = { id: "boot-2", clockKept: true, uptime: () => 0 };
  for (const [boot, wallMs, outcome] of [
    [uptime(0), 0, "stored"],
    [uptime(120_000), 500_000, "stored"],
    [uptime(120_001), 0, "unknown"],
    [uptime(-1), 0, "unknown"],
    [other, 0, "stored"],
    [other, 120_000, "stored"],
    [other, 120_001, "unknown"],
    [other, -1, "unknown"],
    [{ ...other, clockKept: false }, 0, "unknown"],
  ] as const) {
    const scene = await cut(t, [LOAD]);
    scene.rig.clock.now = WALL + wallMs;
    scene.shows = () => "locked present";
    await settle(scene, boot);
    assert.is(await outcomeOf(scene, "e2"), outcome, `${boot.id} ${boot.uptime()} ${wallMs}`);
  }
});

test("of a motion that began before uptimes were written down the wall clock of its boot says how long it was", async (t) => {
  for (const [id, wallMs, outcome] of [
    ["boot-1", 1_000, "stored"],
    ["boot-1", 200_000, "unknown"],
    ["boot-2", 1_000, "unknown"],
  ] as const) {
    const scene = await cut(t, [LOAD]);
    await scene.rig.lay(async (s) => {
      await s.run("UPDATE effects SET up = NULL");
    });
    scene.rig.clock.now = WALL + wallMs;
    await settle(scene, { ...BOOT, id });
    assert.is(await outcomeOf(scene, "e2"), outcome, `${id} ${wallMs}`);
  }
});

test("a door that has been open for too long is judged as it is", async (t) => {
  const scene = await cut(t, [LOAD]);
  scene.shows = () => "open unknown";
  await settle(scene, { ...BOOT, uptime: () => 500_000 });
  assert.is(await outcomeOf(scene, "e2"), "unknown");
  assert.ok(scene.clock.mono() < 1_000, `${scene.clock.mono()} ms`);
  assert.equal(scene.deeds(), ["ledger.finish unknown"]);
  const other = await cut(t, [LOAD]);
  other.shows = (at) => (at < 90_000 ? "open unknown" : "locked present");
  const limits = { away: 60_000, doorOpen: 100_000 };
  await settleOpenEffects({ ...other.context, limits, boot: { ...BOOT, uptime: () => UP + 60_001 } });
  assert.is(await outcomeOf(other, "e2"), "unknown", "the configuration's own time");
});

test("motions of a dispenser are settled by who knows it, and are unknown where nobody does", async (t) => {
  const intake: Intent = { effect: "e5", kind: "intake", slot: "1", voucher: { id: "v5", seq: 1 } };
  const known = await cut(t, [intake]);
  await settle(known, BOOT, async (row) => {
    await known.rig.ledger.finish({ ...intake, effect: row.effect }, "taken");
    return "taken";
  });
  assert.equal([await outcomeOf(known, "e5"), known.trace], ["taken", []]);
  const clear: Intent = { effect: "e6", kind: "clear", slot: "2", exchange: "x1" };
  const alone = await cut(t, [intake, clear]);
  await settle(alone);
  assert.equal([await outcomeOf(alone, "e5"), await outcomeOf(alone, "e6")], ["unknown", "unknown"]);
});

test("when the process is to end first, nothing more is judged", async (t) => {
  const scene = await cut(t, [LOAD]);
  scene.shows = () => "open unknown";
  scene.onTime = (at) => at >= 2_000 && scene.stopping.abort();
  const thrown = await settle(scene).catch((error) => error);
  assert.ok(isFault(thrown, "vault.stopping"), String(thrown));
  assert.is((await scene.rig.ledger.effect("e2"))?.state, "ISSUED");
});

interface Watched {
  scene: LockScene;
  changes: number;
  staff: (at: number) => boolean;
  busy: (at: number) => boolean;
  inTurn: number;
  /** Watches until a monotonic time, ms. */
  until(ms: number): Promise<void>;
}

/** A hand-over that was left presented, or with another outcome, as the door was shown last. */
async function presented(
  t: Pick<TestContext, "after">,
  lastShown: string | undefined,
  intent: Intent = RELEASE,
  outcome: "presented" | "unknown" = "presented",
): Promise<Watched> {
  const scene = await cut(t, [intent]);
  const after = seen(lastShown);
  await scene.rig.ledger.finish(intent, outcome, after ? { after } : {});
  const it: Watched = {
    scene,
    changes: 0,
    staff: () => false,
    busy: () => false,
    inTurn: 0,
    async until(ms) {
      const end = new AbortController();
      scene.onTime = (at) => at >= ms && end.abort();
      await watchPresented(
        {
          ledger: scene.ledger,
          locks: scene.locks,
          clock: scene.clock,
          busy: (slot) => slot === intent.slot && it.busy(scene.clock.mono()),
          staff: async () => it.staff(scene.clock.mono()),
          inTurn: async (job) => {
            it.inTurn++;
            return job();
          },
          onChange: () => it.changes++,
        },
        end.signal,
      );
    },
  };
  return it;
}
const inSlotOne = async ({ scene }: Watched) => {
  const slot = (await scene.rig.ledger.slots()).find((row) => row.slot === "1");
  return `${slot?.state} ${await outcomeOf(scene, "e1")}`;
};
const left =
  (openUntil: number, then = "locked absent") =>
  (at: number) =>
    at < openUntil ? "open present" : then;

test("an item that is gone once the door that stood open is shut was taken after all", async (t) => {
  for (const last of ["locked present", "open present", undefined]) {
    const it = await presented(t, last);
    it.scene.shows = left(3_500);
    await it.until(6_000);
    assert.is(await inSlotOne(it), "empty taken", String(last));
    assert.equal([it.changes, it.inTurn], [1, 1]);
    assert.equal(
      it.scene.deeds().filter((line) => line.startsWith("ledger.")),
      ["ledger.settleLate taken"],
    );
  }
});

test("a door that was open when it was last seen need not be seen so again", async (t) => {
  const it = await presented(t, "open present");
  it.scene.shows = () => "locked absent";
  await it.until(2_000);
  assert.is(await inSlotOne(it), "empty taken");
});

test("an item that vanishes behind a door that was never seen open proves nothing", async (t) => {
  for (const last of ["locked present", undefined]) {
    const it = await presented(t, last);
    it.scene.shows = () => "locked absent";
    await it.until(20_000);
    assert.is(await inSlotOne(it), "presented presented");
    assert.equal([it.changes, it.inTurn], [0, 0]);
  }
});

test("what is unknown is settled by name, whatever its door shows", async (t) => {
  const it = await presented(t, "open present", RELEASE, "unknown");
  it.scene.shows = left(3_500);
  await it.until(6_000);
  assert.is(await inSlotOne(it), "unknown unknown");
  assert.equal([it.changes, it.inTurn], [0, 0]);
});

test("what is still there, and what nobody can see, stays presented", async (t) => {
  for (const then of ["locked present", "locked unknown", "open absent", "unknown absent", undefined]) {
    const it = await presented(t, "open present");
    it.scene.shows = (at) => (at < 3_000 ? "open present" : then);
    await it.until(10_000);
    assert.is(await inSlotOne(it), "presented presented", String(then));
    assert.is(it.inTurn, 0);
  }
});

test("where staff were at the open door nobody knows who took it, also after a restart", async (t) => {
  const meanwhile = await presented(t, "locked present");
  meanwhile.scene.shows = left(7_500);
  meanwhile.staff = (at) => at >= 2_000 && at < 4_000;
  await meanwhile.until(4_500);
  assert.is((await meanwhile.scene.rig.ledger.effect("e1"))?.staff, 1);
  await meanwhile.until(10_000);
  assert.is(await inSlotOne(meanwhile), "unknown unknown");
  const wrote = meanwhile.scene.deeds().filter((line) => line === "ledger.staffCame");
  assert.is(wrote.length, 1, "once");

  const atTheEnd = await presented(t, "locked present");
  atTheEnd.scene.shows = left(5_000);
  atTheEnd.staff = (at) => at >= 5_000;
  await atTheEnd.until(8_000);
  assert.is(await inSlotOne(atTheEnd), "unknown unknown");
});

test("a slot that a motion works on is its own to judge; of loads and dispensers others judge", async (t) => {
  const busy = await presented(t, "open present");
  busy.scene.shows = () => "locked absent";
  busy.busy = () => true;
  await busy.until(5_000);
  assert.is(await inSlotOne(busy), "presented presented");
  assert.equal(busy.scene.trace, []);

  const unload = await presented(t, "open present", EMPTYING);
  unload.scene.shows = () => "locked absent";
  await unload.until(5_000);
  assert.is((await unload.scene.rig.ledger.slots()).find(({ slot }) => slot === "3")?.state, "presented");
});

test("before it settles, it looks whether all is still as it was", async (t) => {
  // It comes back between the looks, something begins to move, or somebody has settled it.
  const back = await presented(t, "open present");
  back.scene.shows = (at) => (at > 1_000 ? "locked present" : "locked absent");
  await back.until(5_000);
  assert.is(await inSlotOne(back), "presented presented");
  assert.equal([back.inTurn, back.changes], [1, 0]);

  const moves = await presented(t, "open present");
  moves.scene.shows = () => "locked absent";
  moves.busy = (at) => at > 1_000 && at < 2_000;
  await moves.until(1_500);
  assert.is(await inSlotOne(moves), "presented presented");

  const settled = await presented(t, "open present");
  settled.scene.shows = () => "locked absent";
  settled.staff = () => {
    void settled.scene.rig.lay(async (s) => {
      await s.run("UPDATE slots SET effect = 'another' WHERE slot = '1'");
    });
    return false;
  };
  await settled.until(1_500);
  assert.is(await inSlotOne(settled), "presented presented");
  assert.is(settled.changes, 0);
});

test("it looks each second, and no more once it is to end", async (t) => {
  const it = await presented(t, "open present");
  it.scene.shows = () => "open present";
  await it.until(10_000);
  assert.is(it.scene.trace.filter((line) => line === "look 1").length, 9);
});

run();
