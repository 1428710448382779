import type { PrinterState } from "../../contract/index.ts";

const bit = (byte: number, number: number): boolean => ((byte >> number) & 1) === 1;

/**
 * The state in the four answers to DLE EOT 1 to 4. They have no checksum, but one says what another says too: undefined when
 * they contradict each other, as after a bit that fell over, a late answer, or a change in between.
 */
export function stateOf(bytes: readonly [number, number, number, number]): PrinterState | undefined {
  const [printer, offline, error, paper] = bytes;
  const coverOpen = bit(offline, 2);
  const fedByButton = bit(offline, 3);
  const stopped = bit(offline, 5);
  const hasError = bit(offline, 6);
  const [cutter, unrecoverable, other] = [bit(error, 3), bit(error, 5), bit(error, 2) || bit(error, 6)];
  const [nearEnd, out] = [bit(paper, 2), bit(paper, 5)];
  const consistent =
    bit(printer, 3) === (coverOpen || fedByButton || stopped || hasError) &&
    hasError === (cutter || unrecoverable || other) &&
    nearEnd === bit(paper, 3) &&
    out === bit(paper, 6) &&
    // An open cover leaves open what the paper is.
    (coverOpen || stopped === out);
  if (!consistent) return undefined;
  return {
    online: !bit(printer, 3),
    paper: out ? "out" : nearEnd ? "nearEnd" : "enough",
    cover: coverOpen ? "open" : "closed",
    error: cutter ? "cutter" : unrecoverable ? "unrecoverable" : other ? "other" : "none",
  };
}
