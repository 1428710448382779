import type { Redaction } from "../../ports/index.ts";

const DLE = 0x10;
const ESC = 0x1b;
/** Longest command that acts at once: DLE DC4 with its fixed word. */
const LONGEST = 10;

/** Of what goes to a printer only questions, discarding and initialising are kept: all else is what is printed. */
export const redaction = (): Redaction => ({
  opened: () => undefined,
  see: (from, chunk, keep) => {
    const command =
      (chunk[0] === DLE && chunk.length <= LONGEST) ||
      (chunk[0] === ESC && chunk[1] === 0x40 && chunk.length <= 5);
    keep(from, from === "device" || command ? chunk : { hidden: "print", length: chunk.length });
  },
  flush: () => undefined,
});
