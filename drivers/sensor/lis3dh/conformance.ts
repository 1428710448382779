import { guardConformance } from "../../conformance/index.ts";
import { simulator } from "./simulator.ts";

export const conformance = guardConformance(simulator, {
  configuration: {
    role: "tamper.tilt",
    driver: "sensor.lis3dh",
    bus: 1,
    address: 0x18,
    upright: { x: 0, y: 0, z: 1 },
    maxTiltDeg: 10,
  },
  readings: {
    "kiosk.tilt": {
      unit: "deg",
      values: [0, 7, 35],
      within: 0.1,
      set: ({ plant }, forwardDeg) => plant.surroundings.setStand({ forwardDeg, sidewaysDeg: 0 }),
    },
  },
  guard: {
    "it stands upright": ({ plant }) => plant.surroundings.setStand({ forwardDeg: 0, sidewaysDeg: 0 }),
    "it leans to one side": ({ plant }) => plant.surroundings.setStand({ forwardDeg: 0, sidewaysDeg: 20 }),
  },
  lastsMs: 2_500,
  active: ({ plant }) => plant.surroundings.stand().sidewaysDeg > 10,
});
