import type { PrintDocument } from "../../contract/index.ts";
import { type Encoding, encode, wrap } from "./encoding.ts";

/**
 * ESC/POS as Epson's command reference has it (TM series). Commands that begin with DLE act as soon as they arrive, before
 * everything that waits in the printer's buffer.
 */
const [LF, DLE, ESC, FS, GS] = [0x0a, 0x10, 0x1b, 0x1c, 0x1d];

/** Which of the four status bytes DLE EOT asks for. */
export const STATUS = { printer: 1, offline: 2, error: 3, paper: 4 } as const;
export const statusRequest = (which: number): Uint8Array => Uint8Array.of(DLE, 0x04, which);

/** Default settings, and no status that nobody has asked for. */
export const INITIALISE = Uint8Array.of(ESC, 0x40, GS, 0x61, 0);
/** Throws away what is in the buffers: DLE DC4 function 8 with its fixed word, or, where that is not known, DLE ENQ 2. */
export const DISCARD = {
  tm: Uint8Array.of(DLE, 0x14, 8, 1, 3, 20, 1, 6, 2, 8),
  basic: Uint8Array.of(DLE, 0x05, 2),
} as const;
const CUT = [GS, 0x56, 66, 0];

/** Answers when everything before it is done: with this word (GS ( H), or with a paper status (GS r 1). */
export const confirmation = (profile: "tm" | "basic", word: string): Uint8Array =>
  profile === "tm"
    ? Uint8Array.of(GS, 0x28, 0x48, 6, 0, 48, 48, ...Buffer.from(word, "latin1"))
    : Uint8Array.of(GS, 0x72, 1);

/** Size of a module of a QR code, dots of 1/8 mm. */
const MODULE = 5;

/** GS ( k: model 2, size, error correction M, the data, and print it. */
function qr(text: string): number[] {
  const of = (...bytes: number[]) => [
    GS,
    0x28,
    0x6b,
    bytes.length & 0xff,
    bytes.length >> 8,
    0x31,
    ...bytes.slice(1),
  ];
  const data = [...Buffer.from(text, "latin1")];
  return [
    ...of(0x31, 65, 50, 0),
    ...of(0x31, 67, MODULE),
    ...of(0x31, 69, 49),
    ...of(0x31, 80, 48, ...data),
    ...of(0x31, 81, 48),
  ];
}

/**
 * A whole document with its cut.
 * @param cutFirst what may hang on the roll from before is cut off, so that it is not a part of this document
 */
export function documentBytes(
  document: PrintDocument,
  settings: { encoding: Encoding; columns: number; cutFirst: boolean },
): Uint8Array {
  const { encoding, columns, cutFirst } = settings;
  // Two bytes are one character of the Chinese font from here on (FS &).
  const bytes = [ESC, 0x40, FS, 0x26, ...(cutFirst ? CUT : [])];
  for (const part of document.parts) {
    if ("qr" in part) {
      bytes.push(ESC, 0x61, 1, ...qr(part.qr), LF);
      continue;
    }
    const large = part.size === "large";
    bytes.push(ESC, 0x61, part.align === "centre" ? 1 : 0, GS, 0x21, large ? 0x11 : 0);
    for (const line of wrap(part.text, large ? Math.floor(columns / 2) : columns))
      bytes.push(...encode(line, encoding), LF);
  }
  return Uint8Array.from([...bytes, ...CUT]);
}
