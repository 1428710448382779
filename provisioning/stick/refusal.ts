/**
 * Why a stick, or a file on it, is not read. The words for each are in `faults.ts`; the reader's own process knows only
 * the names, so that it stays small.
 */
export const REFUSALS = [
  "gone",
  "slow",
  "broken",
  "gpt",
  "manyVolumes",
  "noFat",
  "volume",
  "chain",
  "crossLinked",
  "tooMany",
  "tooLarge",
  "reply",
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** Thrown by the reader for everything that a stick can be wrong in; never for a defect of the reader. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  /** Which part of the rule was broken, one word. */
  readonly what: string;

  constructor(code: RefusalCode, what = "") {
    super(`${code} ${what}`);
    this.code = code;
    this.what = what;
  }
}
