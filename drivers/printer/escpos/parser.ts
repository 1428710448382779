/** What a printer says; how its bytes are told apart stands in Epson's reference under "status". */
export type Said =
  | { kind: "status"; byte: number }
  /** Answer to GS r. */
  | { kind: "paper"; byte: number }
  /** Everything before GS ( H with this word is done. */
  | { kind: "done"; word: string }
  | { kind: "discarded" };

const HEADER = 0x37;
const DONE = 0x22;
const DISCARDED = 0x25;
const WORD = 4;

const isStatus = (byte: number): boolean => (byte & 0x93) === 0x12;
const isPaper = (byte: number): boolean => (byte & 0x90) === 0;
const isAutomatic = (byte: number): boolean => (byte & 0x93) === 0x10;

/** Bytes in, what was said out. A byte that fits nothing is passed over; it never waits for more than one word. */
export class EscposParser {
  readonly #bytes: number[] = [];

  push(chunk: Uint8Array): Said[] {
    this.#bytes.push(...chunk);
    const said: Said[] = [];
    while (this.#bytes.length > 0) {
      const length = this.#next(said);
      if (length === 0) break;
      this.#bytes.splice(0, length);
    }
    return said;
  }

  /** How many bytes are dealt with; 0 when more are needed. */
  #next(said: Said[]): number {
    const [first = 0, second] = this.#bytes;
    if (first === HEADER) {
      if (second === undefined) return 0;
      if (second === DONE) return this.#word(said);
      if (second !== DISCARDED) return 1;
      if (this.#bytes.length < 3) return 0;
      if (this.#bytes[2] !== 0) return 1;
      said.push({ kind: "discarded" });
      return 3;
    }
    if (isStatus(first)) said.push({ kind: "status", byte: first });
    else if (isAutomatic(first)) return this.#automatic();
    else if (isPaper(first)) said.push({ kind: "paper", byte: first });
    return 1;
  }

  #word(said: Said[]): number {
    const word = this.#bytes.slice(2, 2 + WORD);
    if (word.some((byte) => byte < 0x20 || byte > 0x7e)) return 1;
    if (this.#bytes.length < 3 + WORD) return 0;
    if (this.#bytes[2 + WORD] !== 0) return 1;
    said.push({ kind: "done", word: String.fromCharCode(...word) });
    return 3 + WORD;
  }

  /** A status of four bytes that was not asked for: let pass, so that its last three are not taken for answers. */
  #automatic(): number {
    const rest = this.#bytes.slice(1, 4);
    const wrong = rest.findIndex((byte) => !isPaper(byte));
    if (wrong >= 0) return 1;
    return rest.length < 3 ? 0 : 4;
  }
}
