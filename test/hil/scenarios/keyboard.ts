import * as assert from "uvu/assert";
import { health, serving } from "../kiosk.ts";
import { type Scenario, until } from "../scenario.ts";
import { SERVICE_PORT } from "../unit.ts";

/**
 * Somebody plugs a keyboard in where the sticks go: the kernel sees a device on the bus, and nothing of it is used; neither is
 * when it is there before the board is switched on.
 */
export const scenario: Scenario = {
  name: "a keyboard plugged in reaches nothing",
  run: async (rig, note) => {
    const { guest } = rig;
    const inputs = () => guest.sh("ls /dev/input 2>/dev/null | grep -c event || true");
    const before = await inputs();
    await guest.plug({ id: "stranger", port: SERVICE_PORT, driver: "usb-kbd" });
    const device = `grep -lx 0627 /sys/bus/usb/devices/*/idVendor 2>/dev/null | xargs -r -n1 dirname`;
    await until("the bus sees it", async () => (await guest.sh(device)) !== "");
    const where = await guest.sh(device);
    await guest.sh("udevadm settle");
    assert.is(await guest.sh(`cat ${where}/authorized`), "0", "it is not admitted");
    assert.is(
      await guest.sh(`ls -d ${where}/*:* 2>/dev/null | wc -l`),
      "0",
      "it has no interfaces, so that no driver can be bound",
    );
    assert.is(await inputs(), before, "there is no new input device");
    note("interfaces that the kernel gave it", 0, "", { text: "0", met: true });

    // It stays in the port, and the board starts anew.
    const boot = await guest.booted();
    await guest.monitor("system_reset");
    await guest.booted(boot);
    await rig.tie();
    await serving(["one-stop", "collection", "hkic-application"]);
    await until("its link to the centre is up", async () => (await health())?.link === true);
    assert.is(await guest.sh(`cat ${await guest.sh(device)}/authorized`), "0", "it is still there, outside");
    // An input that the kernel has made for a moment only is in its log.
    const made = await guest.sh("dmesg | grep -c 'input: .*USB Keyboard' || true");
    assert.is(made, "0", "no driver has met it since power-on");
    assert.is(
      await guest.sh("journalctl --no-pager -b -u guichet-usb | grep -c usb.openAtBoot || true"),
      "0",
      "the gate knows that the kernel was told",
    );
    note("inputs that it was since power-on", made, "", { text: "0", met: true });
    await guest.unplug("stranger");
  },
};
