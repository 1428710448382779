import * as assert from "uvu/assert";
import type { Interlock } from "../../../../drivers/contract/index.ts";
import { ok } from "../../../../drivers/kit/index.ts";
import { code, rig } from "../support.ts";
import type { Rule } from "./rule.ts";

const TAMPER: Interlock = {
  name: "tamper.cabinet",
  condition: "tamper",
  forbids: ["public", "staff"],
  forbidsUnknown: false,
};

/** Of self-tests: what moves or asks somebody needs maintenance, and interlocks bind it. */
export const selftests = {
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

  "one self-test at a time: a device that is asked for more goes on serving": async (module) => {
    const { device, ready, clock } = rig(module, { probe: () => clock.sleep(50) });
    await ready();
    const tests = Array.from({ length: 12 }, () => device.selfTest("internal"));
    assert.is(code(await device.use("query", 1_000, async () => ok(1))), "ok");
    assert.equal((await Promise.all(tests)).map(code), ["ok", ...Array(11).fill("device.busy")]);
    assert.is(code(await device.selfTest("internal")), "ok");
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
} satisfies Record<string, Rule>;
