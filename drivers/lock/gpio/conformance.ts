import type { Plant } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Lock, LockState } from "../../contract/index.ts";

interface Sim {
  plant: Plant;
}

const ROLE = "lock.wall";
const CHIP = "pinctrl-bcm2711";
const line = (offset: number) => ({ chip: CHIP, offset });
const COMPARTMENTS = [10, 20, 30].map((first) => ({
  coil: line(first),
  door: line(first + 1),
  item: line(first + 2),
}));
const SLOT = "S2";

const inside = (what: (plant: Plant) => void) => (sim: Sim) => {
  sim.plant.openDoor(SLOT, true);
  what(sim.plant);
};
const locked = ({ plant }: Sim) => plant.closeDoor(SLOT);
/** A coil that rests is high: it is driven by a low level. */
const driven = (plant: Plant): boolean =>
  COMPARTMENTS.some(({ coil }) => plant.level(CHIP, coil.offset) === 0);

/** With a one-shot, since the guardian is a process: what it adds is tried by test/crash/gpio-lock-kill.test.ts. */
export const conformance: ConformanceEntry<Lock, Sim> = {
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
  motions: ({ plant }) => plant.state().compartments.reduce((sum, one) => sum + one.motions, 0),
  unrest: ({ plant }) => (driven(plant) ? "a coil that is driven" : undefined),
  trials: {
    read: {
      kind: "query",
      situations: {
        "all doors are locked and all compartments empty": locked,
        "the third door is open and nothing lies inside": inside(() => undefined),
        "the third door is open and something lies inside": inside((plant) =>
          plant.putItem(SLOT, "DOC-0001"),
        ),
        "the third door is locked and something lies inside": inside((plant) => plant.closeDoor(SLOT)),
      },
      run: (lock) => lock.read(),
      lie: (states: LockState[], { plant }) => {
        if (states.length !== COMPARTMENTS.length) return `${states.length} compartments`;
        for (const { compartment, latch, item } of states) {
          if (latch !== "unknown" && latch !== plant.latch(ROLE, compartment))
            return `compartment ${compartment} ${latch}`;
          const there = plant.itemSensed(ROLE, compartment) ? "present" : "absent";
          if (item !== "unknown" && item !== there) return `item ${item} in compartment ${compartment}`;
        }
        return undefined;
      },
    },
    unlock: {
      kind: "actuate",
      situations: { "the third door is locked": locked },
      run: async (lock, { token, clock }) => {
        const done = await lock.unlock(token(2));
        // The pulse ends after the command: a coil that is driven for longer is what must not be.
        await clock.sleep(200);
        return done;
      },
      lie: (_, { plant }) => (plant.latch(ROLE, 2) === "open" ? undefined : "that it unlocked"),
    },
  },
  exempt: {
    cancel: "nothing that it does waits for a person",
    resetMidCommand: "coils and contacts keep nothing",
    silence: "a line always has a level",
    unplugBefore:
      "lines cannot be unplugged unseen: a contact whose wire is cut reads its pull-up, as an open door",
    unplugMidCommand: "as above",
    replugElsewhere: "lines are named by chip and offset",
    stuckSensor: "a lying contact is seen only against the other one, by who reads both: test/runtime/vault",
  },
};
