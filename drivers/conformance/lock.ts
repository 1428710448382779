import type { Plant } from "../bench/index.ts";
import type { Lock, LockState } from "../contract/index.ts";
import type { ConformanceEntry } from "./entry.ts";

export interface LockSim {
  plant: Plant;
}

/** The compartment that is unlocked, and its slot on the bench. */
const COMPARTMENT = 2;
const SLOT = "S2";

/** Opens the door by hand, and does something inside. */
const inside =
  (what: (plant: Plant) => void) =>
  ({ plant }: LockSim): void => {
    plant.openDoor(SLOT, true);
    what(plant);
  };
const locked = ({ plant }: LockSim): void => plant.closeDoor(SLOT);

/**
 * What every lock with contacts for door and item is tried with.
 * @param restMs how long it is looked after an unlock: a pulse that ends after the command must end
 */
export function lockConformance<Sim extends LockSim>(
  role: string,
  compartments: number,
  restMs = 0,
): Pick<ConformanceEntry<Lock, Sim>, "motions" | "trials"> {
  return {
    motions: ({ plant }) => plant.state().compartments.reduce((sum, one) => sum + one.motions, 0),
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
          if (states.length !== compartments) return `${states.length} compartments`;
          for (const { compartment, latch, item } of states) {
            if (latch !== "unknown" && latch !== plant.latch(role, compartment))
              return `compartment ${compartment} ${latch}`;
            const there = plant.itemSensed(role, compartment) ? "present" : "absent";
            if (item !== "unknown" && item !== there) return `item ${item} in compartment ${compartment}`;
          }
          return undefined;
        },
      },
      unlock: {
        kind: "actuate",
        situations: { "the third door is locked": locked },
        run: async (lock, { token, clock }) => {
          const done = await lock.unlock(token(COMPARTMENT));
          if (restMs > 0) await clock.sleep(restMs);
          return done;
        },
        lie: (_, { plant }) => (plant.latch(role, COMPARTMENT) === "open" ? undefined : "that it unlocked"),
      },
    },
  };
}
