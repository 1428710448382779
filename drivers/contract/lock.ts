import type { Result } from "../kit/index.ts";
import type { MotionToken } from "./motion.ts";

export type Evidence = "latch" | "item" | "door";

export interface LockState {
  /** Index on its board, from 0. */
  compartment: number;
  latch: "locked" | "open" | "unknown";
  item: "present" | "absent" | "unknown";
}

export interface LockCapabilities {
  compartments: number;
  /** What the board can prove. Without `item` the best outcome of a hand-over is `presented`. */
  evidence: Evidence[];
  /** Coil pulse of the board, ms. */
  pulseMs: number;
  /** Whether the code of an item can be read again at hand-over. */
  readsItem: boolean;
}

export interface Lock {
  readonly capabilities: LockCapabilities;
  /** All compartments, asked from the board now. Query: may be retried by the driver. */
  read(): Promise<Result<LockState[]>>;
  /** Sends one unlock. Resolves when the bytes have left; what happened is read with `read`. Never retried. */
  unlock(token: MotionToken): Promise<Result<void>>;
}
