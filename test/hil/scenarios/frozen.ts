import * as assert from "uvu/assert";
import { serving } from "../kiosk.ts";
import { motionsOf } from "../rig.ts";
import { type Scenario, since } from "../scenario.ts";

/**
 * A kernel that has stopped for good: it panics and is told not to restart by itself. What is left is the timer of the
 * board's watchdog (i6300esb), which systemd feeds while all is well.
 */
export const scenario: Scenario = {
  name: "a frozen kernel is reset by the hardware watchdog",
  run: async (rig, note) => {
    const { guest } = rig;
    const boot = await guest.booted();
    const motions = motionsOf(rig);
    const seconds = await guest.sh("systemctl show -p RuntimeWatchdogUSec --value");
    assert.is.not(seconds, "0", "systemd feeds the watchdog");
    const bites = guest.count("WATCHDOG");
    await guest.sh("echo 0 > /proc/sys/kernel/panic");
    const began = performance.now();
    void guest.run("sleep 1; echo c > /proc/sysrq-trigger").catch(() => undefined);
    await guest.next("WATCHDOG");
    note(`frozen until the watchdog reset the board, RuntimeWatchdogSec=${seconds}`, since(began), "s");
    assert.is(guest.count("WATCHDOG"), bites + 1);
    await guest.booted(boot);
    await rig.tie();
    await serving(["collection"]);
    note("frozen until services were offered again", since(began), "s");
    assert.is(motionsOf(rig), motions, "nothing moved");
  },
};
