import * as assert from "uvu/assert";
import type { Accepted, CommandContext, Interlock } from "../../../drivers/contract/index.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { defer, err, ok, type Result } from "../../../drivers/kit/index.ts";
import { code, command, type HostModule, never, rig } from "./support.ts";

type Rule = (module: HostModule) => Promise<void>;

const taken = <T>(result: Result<Accepted<T>>): Accepted<T> => {
  assert.ok(result.ok, result.ok ? "" : result.error.code);
  return result.value;
};
const DOOR: Interlock = {
  name: "door.service",
  condition: "doorOpen",
  forbids: ["public"],
  forbidsUnknown: true,
};
const TAMPER: Interlock = {
  name: "tamper.cabinet",
  condition: "tamper",
  forbids: ["public", "staff"],
  forbidsUnknown: false,
};

/** What the layer promises of commands, each as a scenario that a host without the rule fails. */
export const rules = {
  "the same id is run once and gets the stored answer": async (module) => {
    const { device, seen, ready, clock } = rig(module);
    await ready();
    const unlock = command("a", "actuate", { parameters: { compartment: 3, hold: [1, 2] } });
    const first = taken(device.submit(unlock, (verbs) => verbs.move(50)));
    assert.equal([first.phase, first.replayed], ["queued", false]);
    await clock.sleep(10);
    const second = taken(device.submit({ ...unlock, parameters: { hold: [1, 2], compartment: 3 } }, never));
    assert.equal([second.phase, second.replayed], ["committed", true]);
    const [one, two] = await Promise.all([first.completion, second.completion]);
    assert.ok(one.result.ok && one.result.value === "moved 1");
    assert.equal(two, one);
    const third = taken(device.submit(unlock, never));
    assert.is(third.phase, "completed");
    assert.equal(await third.completion, one);
    assert.is(seen.moves, 1);
    await device.stop();
  },

  "the same id with other parameters is a conflict, also when it is another verb or kind": async (module) => {
    const { device, seen, ready } = rig(module);
    await ready();
    const unlock = command("a", "actuate", { parameters: { compartment: 3 } });
    await taken(device.submit(unlock, (verbs) => verbs.move(1))).completion;
    for (const other of [{ parameters: { compartment: 4 } }, { verb: "lock" }, { kind: "query" as const }])
      assert.is(code(device.submit({ ...unlock, ...other }, (verbs) => verbs.move(1))), "device.conflict");
    assert.is(seen.moves, 1);
    await device.stop();
  },

  "a result is kept longer than its sender repeats, and a full book refuses rather than forgets": async (
    module,
  ) => {
    const { device, seen, ready, clock } = rig(module, {}, { results: { keepMs: 60_000, limit: 3 } });
    await ready();
    const send = (id: string) => device.submit(command(id, "actuate"), (verbs) => verbs.move(1));
    for (const id of ["a", "b", "c"]) await taken(send(id)).completion;
    await clock.sleep(59_000);
    assert.is(code(send("d")), "device.queueFull");
    assert.ok(taken(send("a")).replayed);
    await clock.sleep(2_000);
    assert.not.ok(taken(send("d")).replayed);
    await clock.sleep(10);
    assert.is(seen.moves, 4);
    await device.stop();
  },

  "one that may be begun until a date is not run again after it was forgotten": async (module) => {
    const { device, seen, ready, clock } = rig(module, {}, { results: { keepMs: 1_000, limit: 1 } });
    await ready();
    const late = command("a", "actuate", { notAfter: clock.wall() + 60_000 });
    const send = () => device.submit(late, (verbs) => verbs.move(1));
    await taken(send()).completion;
    await clock.sleep(30_000);
    assert.is(code(device.submit(command("b", "query"), async () => ok(1))), "device.queueFull");
    await clock.sleep(31_000);
    assert.is(code(device.submit(command("b", "query"), async () => ok(1))), "ok");
    assert.is(code(send()), "device.queueFull");
    await clock.sleep(1_100);
    assert.is(code(send()), "device.expired");
    assert.is(seen.moves, 1);
    await device.stop();
  },

  "what a capture gave is handed out once and not kept": async (module) => {
    const { device, ready } = rig(module);
    await ready();
    const capture = command("a", "capture");
    const first = taken(device.submit(capture, async () => ok("finger")));
    assert.ok((await first.completion).result.ok);
    const again = await taken(device.submit(capture, never)).completion;
    assert.is(code(again.result), "device.resultGone");
    await device.stop();
  },

  "a command that has not begun in its queue time is expired while the device is still busy": async (
    module,
  ) => {
    const { device, seen, ready, clock } = rig(module);
    await ready();
    const busy = device.use("capture", 60_000, async () => {
      await clock.sleep(5_000);
      return ok(1);
    });
    const late = taken(
      device.submit(command("late", "actuate", { queueTimeMs: 1_000 }), (verbs) => verbs.move(1)),
    );
    const dated = taken(
      device.submit(command("dated", "actuate", { notAfter: clock.wall() + 2_000 }), (verbs) =>
        verbs.move(1),
      ),
    );
    const answer = await late.completion;
    assert.equal([code(answer.result), answer.retry], ["device.expired", "safe"]);
    assert.ok(clock.mono() < 1_100, "answered in its time");
    assert.is(code((await dated.completion).result), "device.expired");
    await busy;
    await clock.sleep(100);
    assert.is(seen.moves, 0);
    await device.stop();
  },

  "a deadline of the wall clock is refused where that is not set": async (module) => {
    const { device, ready, clock } = rig(module, {}, { wallClockIsSet: () => false });
    await ready();
    const dated = command("a", "actuate", { notAfter: clock.wall() + 60_000 });
    const refused = device.submit(dated, (verbs) => verbs.move(1));
    assert.ok(
      !refused.ok && refused.error.code === "device.notReady" && refused.error.fields.why === "clock",
    );
    await device.stop();
  },

  "a command that is cancelled before its start never runs": async (module) => {
    const { device, seen, ready, clock } = rig(module);
    await ready();
    const busy = device.use("query", 1_000, async () => {
      await clock.sleep(500);
      return ok(1);
    });
    const waiting = taken(device.submit(command("a", "actuate"), (verbs) => verbs.move(1)));
    assert.is(await device.cancel("a"), "canceledBeforeStart");
    assert.is(await device.cancel("a"), "canceledBeforeStart", "the same question, the same answer");
    assert.is(code((await waiting.completion).result), "device.canceled");
    await busy;
    await clock.sleep(100);
    assert.is(seen.moves, 0);
    assert.is(
      code((await taken(device.submit(command("a", "actuate"), never)).completion).result),
      "device.canceled",
    );
    assert.is(await device.cancel("other"), "unknown");
    await device.stop();
  },

  "a capture that runs is cancelled safely; a query and a setting are not": async (module) => {
    const { device, ready, clock } = rig(module);
    await ready();
    const untilAborted = (_: unknown, { signal }: CommandContext) =>
      new Promise<Result<never>>((resolve) =>
        signal.addEventListener("abort", () => resolve(err(deviceFault("canceled")))),
      );
    const capture = taken(device.submit(command("a", "capture", { userTimeMs: 60_000 }), untilAborted));
    await clock.sleep(10);
    assert.is(await device.cancel("a"), "canceledSafely");
    assert.is(code((await capture.completion).result), "device.canceled");
    for (const kind of ["query", "configure"] as const) {
      const other = taken(
        device.submit(command(kind, kind), async () => {
          await clock.sleep(50);
          return ok(1);
        }),
      );
      await clock.sleep(10);
      assert.is(await device.cancel(kind), "tooLate");
      assert.ok((await other.completion).result.ok);
    }
    await device.stop();
  },

  "an actuate can be cancelled until it commits, and is completed as ever after that": async (module) => {
    const { device, seen, ready, clock } = rig(module);
    await ready();
    const send = (id: string) =>
      taken(
        device.submit(command(id, "actuate", { commits: true }), async (verbs, context) => {
          await clock.sleep(100);
          context.commit();
          return verbs.move(100);
        }),
      );
    const early = send("early");
    await clock.sleep(50);
    assert.is(await device.cancel("early"), "canceledSafely");
    assert.equal([(await early.completion).committed, seen.moves], [false, 0]);
    const late = send("late");
    await clock.sleep(150);
    assert.is(await device.cancel("late"), "tooLate");
    const done = await late.completion;
    assert.equal([done.result.ok, done.committed, seen.moves], [true, true, 1]);
    // Without a commit point of its own it is committed from its start on.
    const plain = taken(device.submit(command("plain", "actuate"), (verbs) => verbs.move(50)));
    await clock.sleep(10);
    assert.is(await device.cancel("plain"), "tooLate");
    assert.ok((await plain.completion).result.ok);
    await device.stop();
  },

  "a run whose time is over cannot commit any more": async (module) => {
    const { device, seen, ready, clock, until } = rig(module);
    await ready();
    const slow = taken(
      device.submit(command("a", "actuate", { commits: true }), async (verbs, context) => {
        await clock.sleep(1_500);
        context.commit();
        return verbs.move(1);
      }),
    );
    const done = await slow.completion;
    assert.equal(
      [code(done.result), done.committed, done.retry],
      ["device.timeoutDevice", false, "afterReset"],
    );
    await until("recovered", () => device.lifecycle === "ready");
    await clock.sleep(5_000);
    assert.is(seen.moves, 0);
    await device.stop();
  },

  "an actuate is never repeated and says never; a query whose reply was lost is asked once more": async (
    module,
  ) => {
    const { device, ready } = rig(module);
    await ready();
    let asked = 0;
    const silent = async () => {
      asked++;
      return err(deviceFault("noReply"));
    };
    assert.is(code(await device.use("query", 100, silent)), "device.noReply");
    assert.is(asked, 2);
    await device.whenReady();
    const moved = await taken(device.submit(command("a", "actuate"), silent)).completion;
    assert.equal([asked, moved.retry], [3, "never"]);
    await device.whenReady();
    await device.use("capture", 100, silent);
    await device.whenReady();
    await device.use("configure", 100, silent);
    assert.is(asked, 5);
    await device.stop();
  },

  "an interlock is asked when a command comes, and again right before it begins": async (module) => {
    const board = new module.InterlockBoard([DOOR, TAMPER]);
    const { device, seen, ready, clock } = rig(module, {}, { interlocks: board });
    await ready();
    const events = device.subscribe();
    const move = (purpose: "public" | "staff") =>
      device.use("actuate", 1_000, (verbs) => verbs.move(1), { purpose });
    assert.is(code(await move("public")), "device.interlocked", "what was never told is unknown");
    assert.is(code(await move("staff")), "ok");
    board.set("door.service", "inactive");
    assert.is(code(await move("public")), "ok");
    board.set("door.service", "active");
    const refused = device.submit(command("a", "actuate", { transaction: "t1" }), (verbs) => verbs.move(1));
    assert.ok(!refused.ok && refused.error.fields.by === "door.service");
    const event = await events.next();
    assert.equal(event?.name === "interlocked" && [event.transaction, event.fields.by], [
      undefined,
      "door.service",
    ]);
    assert.is(code(await device.use("query", 1_000, async () => ok(1))), "ok", "only what moves");
    board.set("door.service", "inactive");
    const busy = device.use("query", 1_000, async () => {
      await clock.sleep(100);
      return ok(1);
    });
    const waiting = taken(device.submit(command("b", "actuate"), (verbs) => verbs.move(1)));
    board.set("tamper.cabinet", "active");
    await busy;
    assert.is(code((await waiting.completion).result), "device.interlocked");
    assert.is(code(await move("staff")), "device.interlocked");
    assert.is(seen.moves, 2);
    assert.throws(() => board.set("door.unknown", "active"), TypeError);
    await device.stop();
  },

  "another device than the expected one is not even recovered, takes nothing, and ours serves again": async (
    module,
  ) => {
    let serial = "B2";
    const { device, seen, until, clock } = rig(module, {
      serial: () => serial,
      driver: { expected: { model: "scripted", serial: "A1" } },
    });
    device.start();
    await until("misbound", () => device.lifecycle === "misbound");
    await clock.sleep(10_000);
    assert.is(device.lifecycle, "misbound");
    assert.is(code(await device.use("actuate", 1_000, (verbs) => verbs.move(1))), "device.misbound");
    assert.equal([seen.recovered, seen.moves], [0, 0]);
    assert.is(device.status().fitness.remedy, "configuration");
    assert.ok(
      seen.lifecycles.every((lifecycle) => ["opening", "identifying", "misbound"].includes(lifecycle)),
    );
    serial = "A1";
    await device.whenReady();
    assert.is(seen.recovered, 1);
    await device.stop();
  },

  "a verb that is declared as an actuate is not taken as a query, nor one that is not declared at all":
    async (module) => {
      const { device, seen, ready } = rig(module, {
        session: {
          capabilities: { grade: "verification" },
          declares: {
            unlock: { kind: "actuate", deviceTimeMs: 100 },
            read: { kind: "query", deviceTimeMs: 100 },
          },
        },
      });
      await ready();
      const send = (
        id: string,
        verb: string,
        kind: "query" | "actuate",
        minGrade?: "verification" | "issuance",
      ) =>
        device.submit(command(id, kind, { verb, ...(minGrade ? { minGrade } : {}) }), (verbs) =>
          verbs.move(500),
        );
      assert.is(code(send("a", "unlock", "query")), "device.unsupported");
      assert.is(code(send("b", "wipe", "actuate")), "device.unsupported");
      assert.is(code(send("c", "read", "query", "issuance")), "device.unsupported");
      assert.is(seen.moves, 0);
      const overrun = await taken(send("d", "unlock", "actuate", "verification")).completion;
      assert.is(code(overrun.result), "device.timeoutDevice", "the declared time is the shorter");
      await device.stop();
    },

  "a wedged command is answered at its deadline, its session dropped, and the device comes back through recovering":
    async (module) => {
      const { device, seen, ready, clock } = rig(module);
      await ready();
      const begun = clock.mono();
      seen.lifecycles.length = 0;
      assert.is(code(await device.use("query", 300, never)), "device.timeoutDevice");
      assert.is(Math.round(clock.mono() - begun), 300);
      await device.whenReady();
      assert.equal(seen.lifecycles, ["faulted", "opening", "identifying", "recovering", "ready"]);
      assert.equal([seen.closed, device.status().counters.overruns], [1, 1]);
      await device.stop();
    },

  "a person who does not come ends a capture by its safe path; one that does not end is overrun": async (
    module,
  ) => {
    const { device, ready, clock } = rig(module);
    await ready();
    const begun = clock.mono();
    const polite = device.submit(command("a", "capture", { userTimeMs: 5_000 }), async (_, { signal }) => {
      await clock.sleep(60_000, signal);
      await clock.sleep(200);
      return err(deviceFault("canceled"));
    });
    assert.is(code((await taken(polite).completion).result), "device.timeoutUser");
    assert.ok(clock.mono() - begun < 5_300);
    const stuck = await taken(device.submit(command("b", "capture", { userTimeMs: 5_000 }), never))
      .completion;
    assert.equal([code(stuck.result), Math.round(stuck.tookMs)], ["device.timeoutDevice", 6_000]);
    await device.whenReady();
    const cancelled = taken(device.submit(command("c", "capture", { userTimeMs: 600_000 }), never));
    await clock.sleep(100);
    assert.is(await device.cancel("c"), "tooLate", "it never came back, so nothing is known of it");
    assert.is(Math.round((await cancelled.completion).tookMs), 1_100);
    await device.stop();
  },

  "a driver that has not let go of a motion keeps the device from being opened twice at once": async (
    module,
  ) => {
    const wedged: string[] = [];
    const { device, seen, lives, ready, clock, until } = rig(
      module,
      {},
      { onWedged: (role) => wedged.push(role) },
    );
    await ready();
    void device.use("actuate", 300, (verbs) => verbs.move(900));
    await until("dropped", () => seen.closed === 1);
    assert.is(lives.length, 1);
    await device.whenReady();
    await device.use("actuate", 1_000, (verbs) => verbs.move(100));
    assert.equal([seen.moves, seen.atOnce, wedged], [2, 1, []]);
    void device.use("actuate", 300, never);
    await until("wedged", () => wedged.length === 1);
    assert.is(device.status().counters.wedged, 1);
    await clock.sleep(1);
    await device.stop();
  },

  "maintenance is for staff, ends by itself, and goes back through recovering": async (module) => {
    const { device, seen, ready, clock } = rig(module);
    await ready();
    const use = (purpose: "public" | "staff") => device.use("query", 1_000, async () => ok(1), { purpose });
    const busy = device.use("query", 1_000, async () => {
      await clock.sleep(100);
      return ok(1);
    });
    await clock.sleep(1);
    const waiting = use("public");
    device.beginMaintenance(60_000);
    assert.is(code(await waiting), "device.notReady");
    assert.is(code(await busy), "ok");
    await clock.sleep(1);
    assert.is(device.lifecycle, "maintenance");
    assert.is(code(await use("public")), "device.notReady");
    assert.is(code(await use("staff")), "ok");
    assert.is(device.lifecycle, "maintenance");
    seen.lifecycles.length = 0;
    await device.whenReady();
    assert.ok(clock.mono() >= 60_000);
    assert.equal(seen.lifecycles, ["opening", "identifying", "recovering", "ready"]);
    assert.is(code(await use("public")), "ok");
    await device.stop();
  },

  "self-tests that move or ask somebody need maintenance; what they find is kept": async (module) => {
    const asked: string[] = [];
    const { device, ready, until } = rig(module, {
      session: {
        selfTests: {
          external: async () => ok([{ name: "coil", passed: true, value: 11.9, unit: "V" }]),
          interactive: async ({ ask }) => {
            ask("openTheDoor");
            return ok([{ name: "door", passed: false }]);
          },
        },
      },
    });
    await ready();
    const internal = await device.selfTest("internal");
    assert.ok(internal.ok && internal.value.passed && internal.value.findings[0]?.name === "answers");
    assert.is(code(await device.selfTest("external")), "device.notReady");
    device.beginMaintenance(60_000);
    await until("maintenance", () => device.lifecycle === "maintenance");
    const external = await device.selfTest("external");
    assert.ok(external.ok && external.value.passed);
    const interactive = await device.selfTest("interactive", { ask: (step) => asked.push(step) });
    assert.ok(interactive.ok && !interactive.value.passed);
    assert.equal(asked, ["openTheDoor"]);
    assert.equal(Object.keys(device.status().health?.selfTests ?? {}), [
      "internal",
      "external",
      "interactive",
    ]);
    await device.stop();
  },

  "an external self-test is bound by interlocks, and one that a device lacks is not supported": async (
    module,
  ) => {
    const board = new module.InterlockBoard([TAMPER]);
    let moved = 0;
    const { device, ready, until } = rig(
      module,
      {
        session: {
          selfTests: {
            external: async () => {
              moved++;
              return ok([]);
            },
          },
        },
      },
      { interlocks: board },
    );
    await ready();
    device.beginMaintenance(60_000);
    await until("maintenance", () => device.lifecycle === "maintenance");
    board.set("tamper.cabinet", "active");
    assert.is(code(await device.selfTest("external")), "device.interlocked");
    assert.is(code(await device.selfTest("interactive")), "device.unsupported");
    assert.is(moved, 0);
    await device.stop();
  },

  "a disabled device is closed and left alone until it is enabled": async (module) => {
    const { device, seen, lives, ready, clock, until } = rig(module);
    await ready();
    device.disable();
    assert.is(code(await device.use("query", 1_000, async () => ok(1))), "device.notReady");
    await until("disabled", () => device.lifecycle === "disabled");
    await clock.sleep(60_000);
    assert.equal([lives.length, seen.closed], [1, 1]);
    device.enable();
    await device.whenReady();
    assert.is(lives.length, 2);
    await device.stop();
  },

  "a device that fails right after each start is tried ever more slowly, and never given up": async (
    module,
  ) => {
    const { device, lives, clock, until } = rig(module);
    device.start();
    const at: number[] = [];
    for (let n = 0; n < 12; n++) {
      await until("next life", () => device.lifecycle === "ready" && lives.length > n);
      at.push(clock.mono());
      lives[n]?.lose();
      await clock.sleep(1);
    }
    const waits = at.slice(1).map((time, n) => time - (at[n] ?? 0));
    assert.ok((waits[0] ?? 0) < 200, "the first attempt is an early one");
    assert.ok(
      waits.slice(6).every((wait) => wait > 1_200 && wait < 3_000),
      waits.join(),
    );
    await clock.sleep(15_000);
    const before = clock.mono();
    lives.at(-1)?.lose();
    await until("back", () => lives.length === 13 && device.lifecycle === "ready");
    await clock.sleep(15_000);
    lives.at(-1)?.lose();
    const lost = clock.mono();
    await until("back early", () => lives.length === 14 && device.lifecycle === "ready");
    assert.ok(clock.mono() - lost < 200, `after a steady life it is tried early: ${clock.mono() - before}`);
    await device.stop();
  },

  "the same fault again and again is told at its first, tenth and hundredth time, and its end once": async (
    module,
  ) => {
    let there = true;
    const { device, lives, ready, until } = rig(module, {
      open: async () => {
        if (!there) throw deviceFault("absent");
      },
    });
    await ready();
    const events = device.subscribe(1_000);
    there = false;
    lives[0]?.lose();
    await until("looked for long", () => (device.status().health?.fault?.count ?? 0) >= 101, 1_000_000);
    there = true;
    await device.whenReady();
    await device.stop();
    const told: unknown[] = [];
    for (let event = await events.next(); event; event = await events.next()) {
      if (event.name === "errorRaised" || event.name === "errorCleared")
        told.push([event.name, "fields" in event ? event.fields.count : 0]);
    }
    assert.equal(told.slice(0, 3), [
      ["errorRaised", 1],
      ["errorRaised", 10],
      ["errorRaised", 100],
    ]);
    assert.is(told.length, 4);
    assert.equal((told[3] as unknown[])[0], "errorCleared");
  },

  "events count up by one; a slow reader gets the state anew and goes on without a gap": async (module) => {
    const { device, ready } = rig(module, { session: { events: ["doorOpened"] } });
    const fast = device.subscribe();
    const slow = device.subscribe(4);
    await ready();
    for (let n = 0; n < 10; n++) device.tell("doorOpened", { n }, "t1");
    assert.throws(() => device.tell("itemTaken"), TypeError);
    const resync = await slow.next();
    assert.ok(resync?.name === "resync" && "snapshot" in resync);
    assert.is(resync.snapshot.lifecycle, "ready");
    device.tell("doorOpened", { n: 10 });
    const next = await slow.next();
    assert.is(next?.sequence, resync.sequence + 1);
    await device.stop();
    const sequences: number[] = [];
    for (let event = await fast.next(); event; event = await fast.next()) sequences.push(event.sequence);
    assert.equal(
      sequences,
      Array.from({ length: sequences.length }, (_, n) => n + 1),
    );
    assert.ok(sequences.length > 12);
  },

  "figures are of what happened": async (module) => {
    const { device, lives, ready, clock } = rig(module);
    await ready();
    for (let n = 1; n <= 100; n++)
      await device.use("query", 1_000, async () => {
        await clock.sleep(n);
        return ok(n);
      });
    const { health, fitness } = device.status();
    assert.equal(health?.latency, { p50: 50, p99: 99, count: 100 });
    assert.equal([fitness.state, health?.consecutiveFailures, health?.reconnects], ["ok", 0, 0]);
    for (let n = 0; n < 3; n++) await device.use("query", 1_000, async () => err(deviceFault("refused")));
    assert.equal(
      [device.status().fitness.state, device.status().health?.consecutiveFailures],
      ["degraded", 3],
    );
    await device.use("capture", 1_000, async () => err(deviceFault("timeoutUser")));
    assert.is(device.status().health?.consecutiveFailures, 3, "a person's doing is none of the device's");
    await device.use("query", 1_000, async () => ok(1));
    assert.equal([device.status().fitness.state, device.status().health?.lastSuccess], ["ok", clock.wall()]);
    lives[0]?.lose();
    await clock.sleep(1);
    assert.is(device.lifecycle, "absent");
    assert.ok((device.status().health?.nextAttempt ?? 0) > clock.wall());
    await device.whenReady();
    assert.is(device.status().health?.reconnects, 1);
    await device.stop();
  },

  "stopping completes everything that was accepted": async (module) => {
    const { device, seen, ready } = rig(module);
    await ready();
    const begun = defer<void>();
    const capture = taken(
      device.submit(command("a", "capture", { userTimeMs: 600_000 }), () => {
        begun.resolve();
        return never();
      }),
    );
    await begun.promise;
    const waiting = taken(device.submit(command("b", "actuate"), (verbs) => verbs.move(1)));
    const events = device.subscribe();
    await device.stop();
    assert.is(code((await capture.completion).result), "device.canceled");
    assert.is(code((await waiting.completion).result), "device.notReady");
    assert.equal([seen.moves, seen.closed], [0, 1]);
    while (await events.next());
    assert.is(code(device.submit(command("c", "query"), never)), "device.notReady");
  },
} satisfies Record<string, Rule>;
