import * as assert from "uvu/assert";
import { deviceFault } from "../../../../drivers/contract/index.ts";
import { err, ok } from "../../../../drivers/kit/index.ts";
import { rig } from "../support.ts";
import type { Rule } from "./rule.ts";

/** Of what is told of a device: each trouble once, no event without its number, figures of what happened. */
export const telling = {
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
} satisfies Record<string, Rule>;
