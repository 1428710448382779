import type { Plant } from "../../bench/index.ts";
import { type LockBoards, startLockBoards } from "../../bench/lock/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Lock, LockState } from "../../contract/index.ts";

interface Sim {
  boards: LockBoards;
  plant: Plant;
}

const ROLE = "lock.main";
const BOARD = { role: ROLE, board: 1, compartments: 4, lockedBit: 1, itemBit: 1, pulseMs: 500 } as const;
const SLOT = "S2";
const motions = ({ plant }: Sim) => plant.state().compartments.reduce((sum, one) => sum + one.motions, 0);

/** Opens the door of the compartment by hand, and does something inside. */
const inside = (what: (plant: Plant) => void) => (sim: Sim) => {
  sim.plant.openDoor(SLOT, true);
  what(sim.plant);
};
const locked = ({ plant }: Sim) => plant.closeDoor(SLOT);

export const conformance: ConformanceEntry<Lock, Sim> = {
  configuration: { ...BOARD, driver: "lock.kerong", port: { path: "/dev/locks", baudRate: 19_200 } },
  start: ({ plant, line, clock }) => ({ boards: startLockBoards(line, [BOARD], plant, clock), plant }),
  stop: ({ boards }) => boards.stop(),
  evidence: ["latch", "item"],
  motions,
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
        if (states.length !== BOARD.compartments) return `${states.length} compartments`;
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
      run: (lock, context) => lock.unlock(context.token(2)),
      lie: (_, { plant }) => (plant.latch(ROLE, 2) === "open" ? undefined : "that it unlocked"),
    },
  },
  wire: {
    otherAddress: (reply) => {
      const other = Uint8Array.from(reply);
      const last = other.length - 1;
      other[1] = ((other[1] ?? 0) + 0x20) & 0xff;
      other[last] = ((other[last] ?? 0) + 0x20) & 0xff;
      return other;
    },
  },
  exempt: {
    nak: "a board has no refusal on its wire",
    cancel: "nothing that it does waits for a person",
    resetMidCommand: "a board keeps nothing that a reset could lose: a pulse that was begun ends by itself",
    stuckSensor: "a lying contact is seen only against the other one, by who reads both: test/runtime/vault",
  },
};
