/**
 * Reference readers for the fuzz: each says, from the published layout alone, which whole and right frames a stream holds.
 * Written apart from drivers and simulators, without state and without regard for speed. The first frame from the left
 * counts; what overlaps it does not.
 */
export interface Layout {
  /** Byte with which every frame begins, where there is one. */
  first?: number;
  /** What silence is filled up with; default 0. */
  filler?: number;
  /** Length of the right and whole frame that begins at `at`, 0 when there is none. */
  frameAt(stream: Uint8Array, at: number): number;
  longest: number;
  /** What decides everything that was begun, behind `longest` bytes of silence; default nothing more. */
  tail?: readonly number[];
}

const byte = (stream: Uint8Array, at: number): number => stream[at] ?? -1;
const total = (stream: Uint8Array, from: number, to: number): number => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += byte(stream, i);
  return sum;
};

/** EF01 packets (R503 manual §5.1). */
export const ef01 = (ids: readonly number[], longestContent: number): Layout => ({
  first: 0xef,
  longest: longestContent + 11,
  frameAt(stream, at) {
    if (byte(stream, at) !== 0xef || byte(stream, at + 1) !== 0x01) return 0;
    if (!ids.includes(byte(stream, at + 6))) return 0;
    const size = byte(stream, at + 7) * 256 + byte(stream, at + 8);
    const end = at + 9 + size;
    if (size < 2 || size - 2 > longestContent || end > stream.length) return 0;
    const sum = byte(stream, end - 2) * 256 + byte(stream, end - 1);
    return (total(stream, at + 6, end - 2) & 0xffff) === sum ? end - at : 0;
  },
});

/** Kerong frames of one of several lengths by their command (board notes; 02 and 03 occur inside data). */
export const kerong = (lengths: (command: number) => readonly number[]): Layout => ({
  first: 0x02,
  longest: 9,
  frameAt(stream, at) {
    if (byte(stream, at) !== 0x02) return 0;
    for (const length of lengths(byte(stream, at + 2))) {
      const end = at + length;
      if (end > stream.length || byte(stream, end - 2) !== 0x03) continue;
      if ((total(stream, at, end - 1) & 0xff) === byte(stream, end - 1)) return length;
    }
    return 0;
  },
});

/** CRT-571/591 frames with one of these heads, the shortest TEXT of each given (CRT-591-M001 v1.0). */
export const crt591 = (
  heads: ReadonlyMap<number, number>,
  longestText: number,
  maxAddress: number,
): Layout => ({
  first: 0xf2,
  longest: longestText + 6,
  frameAt(stream, at) {
    if (byte(stream, at) !== 0xf2 || byte(stream, at + 1) > maxAddress) return 0;
    const text = byte(stream, at + 2) * 256 + byte(stream, at + 3);
    const shortest = heads.get(byte(stream, at + 4));
    const end = at + text + 6;
    if (shortest === undefined || text < shortest || text > longestText || end > stream.length) return 0;
    let bcc = 0;
    for (let i = at; i < end - 1; i++) bcc ^= byte(stream, i);
    return byte(stream, end - 2) === 0x03 && byte(stream, end - 1) === bcc ? end - at : 0;
  },
});

/** A JPEG from SOI to EOI, segments by their lengths, entropy-coded data by its markers (ITU-T T.81 annex B). */
export const jpeg: Layout = {
  first: 0xff,
  longest: 66_000,
  // Entropy-coded data has no length: only a marker ends it.
  tail: [0xff, 0xd8, 0xff],
  frameAt(stream, at) {
    if (byte(stream, at) !== 0xff || byte(stream, at + 1) !== 0xd8 || byte(stream, at + 2) !== 0xff) return 0;
    let here = at + 2;
    while (here + 1 < stream.length) {
      if (byte(stream, here) !== 0xff) return 0;
      const marker = byte(stream, here + 1);
      if (marker === 0xff) here += 1;
      else if (marker === 0xd9) return here + 2 - at;
      else if (marker === 0x00 || marker === 0xd8) return 0;
      else {
        const length = byte(stream, here + 2) * 256 + byte(stream, here + 3);
        if (here + 3 >= stream.length || length < 2) return 0;
        here += 2 + length;
        if (marker !== 0xda) continue;
        while (here + 1 < stream.length) {
          const next = byte(stream, here + 1);
          const data = byte(stream, here) !== 0xff || next === 0 || (next >= 0xd0 && next <= 0xd7);
          if (!data) break;
          here += byte(stream, here) === 0xff ? 2 : 1;
        }
      }
    }
    return 0;
  },
};

/** What a printer says: single bytes with fixed bits, three fixed forms, nothing with a sum (Epson's reference, "status"). */
export const escpos: Layout = {
  longest: 7,
  filler: 0xff,
  frameAt(stream, at) {
    const one = byte(stream, at);
    const paper = (value: number) => value >= 0 && (value & 0x90) === 0;
    if (one === 0x37) {
      const word = [2, 3, 4, 5].every((i) => byte(stream, at + i) >= 0x20 && byte(stream, at + i) <= 0x7e);
      if (byte(stream, at + 1) === 0x22 && word && byte(stream, at + 6) === 0) return 7;
      return byte(stream, at + 1) === 0x25 && byte(stream, at + 2) === 0 ? 3 : 0;
    }
    if ((one & 0x93) === 0x12) return 1;
    if ((one & 0x93) === 0x10) return [1, 2, 3].every((i) => paper(byte(stream, at + i))) ? 4 : 0;
    return paper(one) ? 1 : 0;
  },
};

/** Every frame of the stream, in order. */
export function framesOf(layout: Layout, stream: Uint8Array): { at: number; bytes: Uint8Array }[] {
  const found: { at: number; bytes: Uint8Array }[] = [];
  const { first } = layout;
  const from = (at: number) =>
    first === undefined ? (at < stream.length ? at : -1) : stream.indexOf(first, at);
  for (let at = from(0); at >= 0; ) {
    const length = layout.frameAt(stream, at);
    if (length > 0) found.push({ at, bytes: stream.subarray(at, at + length) });
    at = from(at + Math.max(1, length));
  }
  return found;
}
