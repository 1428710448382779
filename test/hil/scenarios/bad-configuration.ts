import * as assert from "uvu/assert";
import { answer } from "../install.ts";
import { health, serving } from "../kiosk.ts";
import { type Scenario, since, until } from "../scenario.ts";
import { Stick } from "../stick.ts";

/** A configuration that is signed and well formed and names a lock board where there is none. */
export const scenario: Scenario = {
  name: "a bad configuration is rolled back",
  run: async (rig, note) => {
    const { guest, around, operator } = rig;
    const path = "/dev/serial/by-id/usb-Nobody_has_this-if00-port0";
    const bad = {
      ...around.configuration,
      devices: around.configuration.devices.map((device) =>
        device.driver === "lock.kerong" ? { ...device, port: { ...device.port, path } } : device,
      ),
    };
    const stick = new Stick(rig.folder, { "unit.kbundle": operator.configuration(bad) });
    const { counters, iat } = await answer(rig);
    around.bench.plant.setInput("door.service", true);
    await rig.board.settled();
    const began = performance.now();
    await stick.plugIn(guest);
    await until("it was judged", async () => (await answer(rig)).iat > iat, 1_200);
    const after = await answer(rig);
    note("plugged in until it was rolled back", since(began), "s");
    assert.is(after.taken[0]?.code, "bundle.notHealthy");
    assert.equal(after.counters, counters, "no counter has risen");
    await stick.pullOut(guest);
    around.bench.plant.setInput("door.service", false);
    await rig.board.settled();
    await serving(["collection"]);
    note("plugged in until services were offered again", since(began), "s");
    assert.ok((await health())?.offered.includes("hkic-application"));
    assert.is((await guest.run(`grep -q ${path} /var/lib/guichet/config/unit.json`)).status, 1);
  },
};
