import type { HiddenKind } from "./ring.ts";

export type WireSide = "host" | "device";

/** Takes what may be kept of a line: bytes, or only how many there were of what. */
export type Keep = (from: WireSide, part: Uint8Array | { hidden: HiddenKind; length: number }) => void;

/**
 * What a driver's protocol says of what may be kept. It sees every byte of its line once and in order, and passes each on to
 * `keep`, once and in order for each side; what it cannot tell it passes on as hidden.
 */
export interface Redaction {
  /** A new connection: whatever was under way before, the first byte may be in the midst of it. */
  opened(): void;
  see(from: WireSide, chunk: Uint8Array, keep: Keep): void;
  /** Passes on what was held back to be judged. */
  flush(keep: Keep): void;
}

/** For lines on which nothing of a person ever is. */
export const KEEP_ALL: Redaction = {
  opened: () => undefined,
  see: (from, chunk, keep) => keep(from, chunk),
  flush: () => undefined,
};
