import * as assert from "uvu/assert";
import { type Scenario, until } from "../scenario.ts";
import { SERVICE_PORT } from "../unit.ts";

/** Somebody plugs a keyboard in where the sticks go: the kernel sees a device on the bus, and nothing of it is used. */
export const scenario: Scenario = {
  name: "a keyboard plugged in reaches nothing",
  run: async ({ guest }, note) => {
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
    await guest.unplug("stranger");
  },
};
