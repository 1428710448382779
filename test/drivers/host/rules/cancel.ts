import * as assert from "uvu/assert";
import { type CommandContext, deviceFault } from "../../../../drivers/contract/index.ts";
import { err, ok, type Result } from "../../../../drivers/kit/index.ts";
import { code, command, never, rig } from "../support.ts";
import { type Rule, taken } from "./rule.ts";

/** Of ending a command before its time: without harm, and not after its commit point. */
export const cancel = {
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
} satisfies Record<string, Rule>;
