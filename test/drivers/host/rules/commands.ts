import * as assert from "uvu/assert";
import { defer, ok } from "../../../../drivers/kit/index.ts";
import { code, command, never, rig } from "../support.ts";
import { type Rule, taken } from "./rule.ts";

/** Of one command: it is run once, its answer kept as long as it may be asked for again, and it begins in its time or not at all. */
export const commands = {
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
