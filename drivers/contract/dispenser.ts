import type { Result } from "../kit/index.ts";
import type { MotionToken } from "./motion.ts";

/** What a dispenser can do that moves something; a token holds for one of them. */
export const DISPENSER_MOTIONS = ["feed", "present", "retract", "accept"] as const;
export type DispenserMotion = (typeof DISPENSER_MOTIONS)[number];

export interface DispenserState {
  /**
   * Where the one item in the path is: `reader` inside, out of reach; `gate` held where a person can take it. This is the
   * take-sensor: an item that was at the gate and is not in the path any more has left it.
   */
  path: "clear" | "gate" | "reader" | "unknown";
  /** By magazine, from 0. */
  magazines: ("empty" | "low" | "enough" | "unknown")[];
  bin: {
    full: boolean;
    /** Items that the device itself has counted into its bin since the counter was set; absent when it has no counter. */
    count?: number;
  };
}

export interface DispenserCapabilities {
  magazines: number;
  /** `path`: position of an item; `bin`: the device's own count of its bin. Without `bin` nothing is ever called taken. */
  evidence: ("path" | "bin")[];
  /** Whether an item is read again between magazine and gate. */
  readsItem: boolean;
  /** Whether an item can be put in from outside. */
  accepts: boolean;
  /** The device takes an item back by itself when nobody takes it. */
  retractsByItself: boolean;
}

/**
 * Hands items out of magazines, in order, through one path. A verb that moves takes a token for itself, checks first that
 * the path is as it must be, and is never resent; what happened is read with `read`.
 */
export interface Dispenser {
  readonly capabilities: DispenserCapabilities;
  /** Path, magazines and bin, asked from the device now. Query. */
  read(): Promise<Result<DispenserState>>;
  /**
   * Code of the item at the reader: its fixed RF UID, capital hex. Query. `device.unreadable` when there is none, when
   * there is more than one, or when its UID is a random one.
   */
  identify(): Promise<Result<string>>;
  /** Moves one item from the token's magazine to the reader. The path must be clear. */
  feed(token: MotionToken): Promise<Result<void>>;
  /** Moves the item at the reader to the gate. */
  present(token: MotionToken): Promise<Result<void>>;
  /** Moves the item in the path into the bin, out of everybody's reach. */
  retract(token: MotionToken): Promise<Result<void>>;
  /** Lets one item in from outside: the device pulls it to the reader when it comes. The path must be clear. */
  accept(token: MotionToken): Promise<Result<void>>;
  /** Lets nothing in any more. Moves nothing; an item that came in before stays. */
  endAccept(): Promise<Result<void>>;
  /** Sets the device's count of its bin to zero, after staff have emptied it. */
  clearBinCount(): Promise<Result<void>>;
}
