import { Bme280 } from "../../bench/climate/index.ts";
import type { Plant } from "../../bench/index.ts";
import { sensorConformance } from "../../conformance/index.ts";

export const conformance = sensorConformance<{ plant: Plant }>({
  configuration: { role: "climate.inside", driver: "sensor.bme280", bus: 1, address: 0x76 },
  start: ({ plant, i2c }) => {
    i2c(0x76, new Bme280(() => plant.climate()));
    return { plant };
  },
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
