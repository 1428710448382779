import * as assert from "uvu/assert";
import { serving } from "../kiosk.ts";
import { motionsOf, pidOf } from "../rig.ts";
import { type Scenario, since, until } from "../scenario.ts";

/** The core stands still with everything that it has open: nobody but systemd can see that. */
export const scenario: Scenario = {
  name: "a wedged core is bitten by its service watchdog",
  run: async (rig, note) => {
    const { guest } = rig;
    const limit = await guest.sh("systemctl show -p WatchdogUSec --value guichet-core");
    const before = await pidOf(rig, "core");
    const motions = motionsOf(rig);
    await guest.sh(`kill -STOP ${before}`);
    const began = performance.now();
    await until("systemd has ended it", async () => (await guest.run(`kill -0 ${before}`)).status !== 0);
    note(`wedged until it was ended, WatchdogSec=${limit}`, since(began), "s");
    const why = await guest.sh("journalctl --no-pager -u guichet-core -n 200 | grep -ci 'watchdog timeout'");
    assert.ok(Number(why) > 0, "by its watchdog");
    await serving(["collection"]);
    note("wedged until services were offered again", since(began), "s");
    assert.is.not(await pidOf(rig, "core"), before);
    assert.is(motionsOf(rig), motions, "nothing moved");
  },
};
