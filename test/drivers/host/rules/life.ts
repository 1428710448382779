import * as assert from "uvu/assert";
import { ok } from "../../../../drivers/kit/index.ts";
import { code, never, rig } from "../support.ts";
import type { Rule } from "./rule.ts";

/** Of the life of a device: it comes back by way of recovering, is never given up, and is left alone when that is wanted. */
export const life = {
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

  "a device that is gone is told before it is closed; one that does not close in its time has had it": async (
    module,
  ) => {
    const wedged: number[] = [];
    const { device, seen, clock, lives, ready, until } = rig(
      module,
      { close: never },
      { onWedged: () => wedged.push(clock.mono()) },
    );
    await ready();
    const pulled = clock.mono();
    lives[0]?.lose();
    await until("absent", () => device.lifecycle === "absent");
    assert.equal([seen.closed, clock.mono() - pulled < 50], [0, true]);
    await until("wedged", () => wedged.length > 0);
    // Its device time, and the wait before the next attempt; not a second device time.
    const after = (wedged[0] ?? 0) - pulled;
    assert.ok(after >= 1_000 && after < 1_500, `wedged after ${after} ms`);
    await until("back all the same", () => device.lifecycle === "ready");
    await device.stop();
  },
} satisfies Record<string, Rule>;
