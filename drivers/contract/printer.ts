import { type Static, Type } from "@sinclair/typebox";
import type { Result } from "../kit/index.ts";
import type { MotionToken, Outcome } from "./motion.ts";

const closed = { additionalProperties: false };

/**
 * What is printed: lines of text and QR codes, in order, then the paper is cut. Bounded, so that nobody empties a roll. It
 * holds a person's data: it is never logged and never kept.
 */
export const PrintDocumentSchema = Type.Object(
  {
    parts: Type.Array(
      Type.Union([
        Type.Object(
          {
            text: Type.String({ maxLength: 200 }),
            size: Type.Optional(Type.Literal("large")),
            align: Type.Optional(Type.Literal("centre")),
          },
          closed,
        ),
        /** ASCII that can be seen, up to what a code of a receipt's width can be read with. */
        Type.Object({ qr: Type.String({ minLength: 1, maxLength: 500, pattern: "^[ -~]+$" }) }, closed),
      ]),
      { minItems: 1, maxItems: 40 },
    ),
  },
  closed,
);
export type PrintDocument = Static<typeof PrintDocumentSchema>;

export interface PrinterState {
  online: boolean;
  paper: "enough" | "nearEnd" | "out";
  cover: "closed" | "open";
  /** What keeps it from printing, beside paper and cover; `other` may go away by itself. */
  error: "none" | "cutter" | "unrecoverable" | "other";
}

/** What a print came to. Never `taken`: nothing sees the hand that takes the paper. */
export interface Printed {
  /** `presented`: printed and cut. `unknown`: bytes left, and nothing proves what became of them. */
  outcome: Extract<Outcome, "presented" | "unknown">;
  /** Bytes that left. */
  bytes: number;
  /** Whether the printer itself said that this very document was done. */
  confirmed: boolean;
  before: PrinterState;
  /** Absent when it could not be asked any more. */
  after?: PrinterState;
}

export interface PrinterCapabilities {
  /** Narrow characters a line; Chinese ones take two. */
  columns: number;
  /** `confirmation`: it names the document that it has finished. `status`: it only tells how it is. */
  evidence: ("confirmation" | "status")[];
}

/** Prints one document at a time. A print is a motion: it takes a token, and is never sent again. */
export interface Printer {
  readonly capabilities: PrinterCapabilities;
  /** Asked from the device now. Query. */
  read(): Promise<Result<PrinterState>>;
  /**
   * Fails before the first byte (`notMoved`) with `device.paperOut`, `device.coverOpen`, `device.jammed` or
   * `device.notReady`; once a byte has left it answers what that came to. What the printer has not printed by then is
   * taken back, so that the rest does not come out for the next person.
   */
  print(token: MotionToken, document: PrintDocument): Promise<Result<Printed>>;
}
