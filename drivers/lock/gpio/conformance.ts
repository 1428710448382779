import type { Plant } from "../../bench/index.ts";
import { type ConformanceEntry, type LockSim, lockConformance } from "../../conformance/index.ts";
import type { Lock } from "../../contract/index.ts";

const ROLE = "lock.wall";
const CHIP = "pinctrl-bcm2711";
const line = (offset: number) => ({ chip: CHIP, offset });
const COMPARTMENTS = [10, 20, 30].map((first) => ({
  coil: line(first),
  door: line(first + 1),
  item: line(first + 2),
}));
/** A coil that rests is high: it is driven by a low level. */
const driven = (plant: Plant): boolean =>
  COMPARTMENTS.some(({ coil }) => plant.level(CHIP, coil.offset) === 0);

/** With a one-shot, since the guardian is a process: what it adds is tried by test/crash/gpio-lock-kill.test.ts. */
export const conformance: ConformanceEntry<Lock, LockSim> = {
  configuration: {
    role: ROLE,
    driver: "lock.gpio",
    compartments: COMPARTMENTS,
    coilActiveLow: true,
    doorOpenLevel: 0,
    itemPresentLevel: 1,
    debounceMs: 10,
    pulseMs: 100,
    oneShot: true,
  },
  start: ({ plant }) => ({ plant }),
  evidence: ["door", "item"],
  unrest: ({ plant }) => (driven(plant) ? "a coil that is driven" : undefined),
  // A coil that is driven for longer than its pulse is what must not be.
  ...lockConformance<LockSim>(ROLE, COMPARTMENTS.length, 200),
  exempt: {
    resetMidCommand: "coils and contacts keep nothing",
    silence: "a line always has a level",
    unplugBefore:
      "lines cannot be unplugged unseen: a contact whose wire is cut reads its pull-up, as an open door",
    unplugMidCommand: "as above",
    replugElsewhere: "lines are named by chip and offset",
    stuckSensor: "a lying contact is seen only against the other one, by who reads both: test/runtime/vault",
  },
};
