import { chipConformance } from "../../conformance/index.ts";
import { simulator } from "./simulator.ts";

export const conformance = chipConformance(simulator, {
  configuration: { role: "climate.inside", driver: "sensor.bme280", bus: 1, address: 0x76 },
  readings: {
    "hw.temperature": {
      unit: "Cel",
      values: [-12.5, 24, 61],
      within: 0.1,
      set: ({ plant }, temperatureCel) => plant.setClimate({ temperatureCel }),
    },
    "hw.humidity": {
      unit: "%",
      values: [12, 55],
      within: 0.5,
      set: ({ plant }, humidityPercent) => plant.setClimate({ humidityPercent }),
    },
    "hw.pressure": {
      unit: "Pa",
      values: [98_000, 103_000],
      within: 20,
      set: ({ plant }, pressurePa) => plant.setClimate({ pressurePa }),
    },
  },
});
