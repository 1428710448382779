import { chipConformance } from "../../conformance/index.ts";
import { simulator } from "./simulator.ts";

export const conformance = chipConformance(simulator, {
  configuration: { role: "climate.inside", driver: "sensor.sht4x", bus: 1, address: 0x44 },
  readings: {
    "hw.temperature": {
      unit: "Cel",
      values: [-12.5, 24, 61],
      within: 0.01,
      set: ({ plant }, temperatureCel) => plant.setClimate({ temperatureCel }),
    },
    "hw.humidity": {
      unit: "%",
      values: [3, 50, 88],
      within: 0.01,
      set: ({ plant }, humidityPercent) => plant.setClimate({ humidityPercent }),
    },
  },
});
