/** Largest picture that is put together; what is longer is noise. */
const MAX_FRAME = 4 * 1024 * 1024;

/**
 * Cuts a stream of JPEG pictures that follow each other. Pure and bounded. Walks the segments by their lengths (ITU-T
 * T.81 annex B): a thumbnail inside one has a start and an end of its own.
 */
export class MjpegParser {
  #kept: Buffer = Buffer.alloc(0);
  /** How far the picture at the start of `#kept` has been looked at; 0 before its start was found. */
  #at = 0;
  #inScan = false;

  /** Bytes that wait for the rest of their picture. */
  get kept(): number {
    return this.#kept.length;
  }

  /** Whole pictures in the order of the stream, each a copy of its own. */
  push(chunk: Uint8Array): Buffer[] {
    this.#kept = this.#kept.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#kept, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const length = this.#look();
      if (length === undefined) break;
      if (length > 0) frames.push(Buffer.from(this.#kept.subarray(0, length)));
      this.#drop(length > 0 ? length : 1);
    }
    if (this.#kept.length > MAX_FRAME) this.#drop(this.#kept.length);
    return frames;
  }

  #drop(count: number): void {
    this.#kept = this.#kept.subarray(count);
    this.#at = 0;
    this.#inScan = false;
  }

  /** Length of a whole picture at the start, 0 when there is none and one byte is to be skipped, undefined for "more". */
  #look(): number | undefined {
    if (this.#at === 0 && !this.#findStart()) return undefined;
    const bytes = this.#kept;
    for (;;) {
      if (this.#inScan && !this.#passScan()) return undefined;
      if (this.#at + 2 > bytes.length) return undefined;
      const kind = bytes[this.#at + 1] ?? 0;
      if (bytes[this.#at] !== 0xff || kind === 0 || kind === 0xd8) return 0;
      if (kind === 0xff) {
        // Fill bytes before a marker (B.1.1.2).
        this.#at += 1;
        continue;
      }
      if (kind === 0xd9) return this.#at + 2;
      if (this.#at + 4 > bytes.length) return undefined;
      const length = bytes.readUInt16BE(this.#at + 2);
      if (length < 2) return 0;
      this.#at += 2 + length;
      this.#inScan = kind === 0xda;
    }
  }

  #findStart(): boolean {
    const start = this.#kept.indexOf("ffd8ff", 0, "hex");
    // Without a start, the last two bytes may be the beginning of one.
    this.#drop(start < 0 ? Math.max(0, this.#kept.length - 2) : start);
    this.#at = start < 0 ? 0 : 2;
    return start >= 0;
  }

  /** Goes to the marker that ends the entropy-coded data: only FF 00 and restart markers occur inside (B.1.1.5). */
  #passScan(): boolean {
    const bytes = this.#kept;
    for (;;) {
      const marker = bytes.indexOf(0xff, this.#at);
      this.#at = marker < 0 ? Math.max(this.#at, bytes.length) : marker;
      if (marker < 0 || marker + 1 >= bytes.length) return false;
      const kind = bytes[marker + 1] ?? 0;
      if (kind !== 0 && (kind < 0xd0 || kind > 0xd7)) {
        this.#inScan = false;
        return true;
      }
      this.#at = marker + 2;
    }
  }
}

/** Whether the bytes are one whole JPEG from its start to its end. */
export function isWholeJpeg(bytes: Uint8Array): boolean {
  const [only, ...more] = new MjpegParser().push(bytes);
  return only !== undefined && more.length === 0 && only.length === bytes.length;
}

/** Width and height of a JPEG, px, from its frame header (B.2.2); undefined where there is none. */
export function sizeOfJpeg(jpeg: Uint8Array): readonly [width: number, height: number] | undefined {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  for (let at = 2; at + 9 <= bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const kind = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || kind === 0xda || at + 9 > bytes.length) return undefined;
    // C0-CF, but for the tables C4 and CC and the reserved C8.
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind))
      return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
  }
  return undefined;
}
