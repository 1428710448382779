import type { Plant } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Indicator } from "../../contract/index.ts";

const ROLE = "light.a1";
const lit = (plant: Plant) => plant.state().lamps[ROLE] === true;

export const conformance: ConformanceEntry<Indicator, Plant> = {
  configuration: {
    role: ROLE,
    driver: "indicator.gpio",
    line: { chip: "pinctrl-bcm2711", offset: 22 },
    activeLow: true,
  },
  start: ({ plant }) => plant,
  trials: {
    "set on": {
      kind: "configure",
      run: (lamp) => lamp.set(true),
      lie: (_, plant) => (lit(plant) ? undefined : "that it is on"),
    },
    "set off": {
      kind: "configure",
      run: (lamp) => lamp.set(false),
      lie: (_, plant) => (lit(plant) ? "that it is off" : undefined),
    },
  },
  unrest: (plant) => (lit(plant) ? "a lamp that is on" : undefined),
  exempt: {
    resetMidCommand: "a lamp has no power of its own",
    unplugBefore: "a lamp does not tell that its wire is cut",
    unplugMidCommand: "as above",
    replugElsewhere: "a line has no other name: it is named by chip and offset",
    silence: "a lamp answers nothing",
    cancel: "nothing that it does waits for a person",
    stuckSensor: "it has no sensor",
  },
};
