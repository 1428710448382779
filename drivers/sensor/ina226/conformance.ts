import { guardConformance } from "../../conformance/index.ts";
import { simulator } from "./simulator.ts";

export const conformance = guardConformance(simulator, {
  configuration: {
    role: "power.supply",
    driver: "sensor.ina226",
    bus: 1,
    address: 0x40,
    shuntMicroOhm: 10_000,
    mainsAboveV: 13.2,
    lowBelowV: 11.4,
  },
  readings: {
    "hw.voltage": {
      unit: "V",
      values: [12.4, 10.9],
      within: 0.002,
      set: ({ plant }, batteryVolts) => plant.surroundings.setPower({ mains: false, batteryVolts }),
    },
    "hw.current": {
      unit: "A",
      values: [-1.5, -0.02],
      within: 0.001,
      set: ({ plant }, amps) => plant.surroundings.setPower({ mains: false, loadAmps: -amps }),
    },
  },
  guard: {
    "the mains are there": ({ plant }) => plant.surroundings.setPower({ mains: true }),
    "it runs on its battery": ({ plant }) => plant.surroundings.setPower({ mains: false }),
  },
  active: ({ plant }) => !plant.surroundings.power().mains,
});
