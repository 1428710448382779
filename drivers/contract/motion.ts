declare const minted: unique symbol;

/**
 * The permission for exactly one motion. Only the vault's ledger makes one, after the ISSUED row is durable;
 * a driver must call `redeem` of its options before the first byte and stop when it is refused.
 */
export interface MotionToken {
  readonly [minted]: true;
  readonly effect: string;
  readonly device: string;
  readonly compartment: number;
  /** Of a device that can move in more than one way: the only way that this pays for. */
  readonly motion?: string;
}

/** Takes a token out of circulation. Throws for one that the ledger did not make, or that was used. */
export type Redeem = (token: MotionToken, device: string, compartment: number, motion?: string) => void;

/** What a motion came to. `taken` needs evidence of the item; `unknown` is an answer, never folded into another. */
export const OUTCOMES = ["notMoved", "presented", "taken", "unknown"] as const;
export type Outcome = (typeof OUTCOMES)[number];
