import type { GpioLine } from "../../../ports/index.ts";

/**
 * What vault and guardian say to each other over the guardian's standard input and output: one JSON object a line. The
 * guardian trusts none of it: it checks every word, and ends the pulse by its own clock.
 */
export interface Hold {
  hold: { line: GpioLine; activeLow: boolean }[];
  /** Longest pulse that will be asked for, ms. */
  maxMs: number;
}
export interface Pulse {
  pulse: number;
  /** Number of the line among those that are held. */
  line: number;
  ms: number;
}
export type Order = Hold | Pulse;

export type Answer =
  | { held: number }
  /** The line is driven. */
  | { began: number }
  /** The line is at rest again. */
  | { ended: number }
  | { refused: number; reason: string };

/** Longest line; whoever sends more is not the vault. */
const MAX_LINE = 8_192;

/** Calls `onLine` for each whole line. @throws RangeError for a line that does not end */
export function byLine(onLine: (line: string) => void): (chunk: Buffer) => void {
  let pending = "";
  return (chunk) => {
    pending += chunk.toString("latin1");
    for (let end = pending.indexOf("\n"); end >= 0; end = pending.indexOf("\n")) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 1);
      onLine(line);
    }
    if (pending.length > MAX_LINE) throw new RangeError("a line without an end");
  };
}
