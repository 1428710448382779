import * as assert from "uvu/assert";
import { health } from "../kiosk.ts";
import { type Scenario, until } from "../scenario.ts";
import { adapter } from "../unit.ts";

/** The serial adapter of the fingerprint module is pulled and put back: a real removal for the kernel and its driver. */
export const scenario: Scenario = {
  name: "a serial adapter pulled and put back",
  run: async ({ guest }, note) => {
    const offered = async (): Promise<boolean> =>
      (await health())?.offered.includes("hkic-application") ?? false;
    assert.ok(await offered(), "the service that needs it is offered");
    const plug = adapter("finger.front");
    await guest.unplug(plug.id);
    note(
      "pulled until the service was no longer offered",
      await until("it is missed", async () => !(await offered())),
      "s",
    );
    const node = String(plug.settings?.serial);
    assert.is((await guest.run(`ls /dev/serial/by-id | grep ${node}`)).status, 1, "its node is gone");
    await guest.plug(plug);
    note("put back until the service was offered again", await until("it serves again", offered), "s");
  },
};
