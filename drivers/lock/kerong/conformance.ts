import { type LockBoards, startLockBoards } from "../../bench/lock/index.ts";
import { type ConformanceEntry, type LockSim, lockConformance } from "../../conformance/index.ts";
import type { Lock } from "../../contract/index.ts";

interface Sim extends LockSim {
  boards: LockBoards;
}

const ROLE = "lock.main";
const BOARD = { role: ROLE, board: 1, compartments: 4, lockedBit: 1, itemBit: 1, pulseMs: 500 } as const;

export const conformance: ConformanceEntry<Lock, Sim> = {
  configuration: { ...BOARD, driver: "lock.kerong", port: { path: "/dev/locks", baudRate: 19_200 } },
  start: ({ plant, line, clock }) => ({ boards: startLockBoards(line, [BOARD], plant, clock), plant }),
  stop: ({ boards }) => boards.stop(),
  evidence: ["latch", "item"],
  ...lockConformance<Sim>(ROLE, BOARD.compartments),
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
    resetMidCommand: "a board keeps nothing that a reset could lose: a pulse that was begun ends by itself",
    stuckSensor: "a lying contact is seen only against the other one, by who reads both: test/runtime/vault",
  },
};
