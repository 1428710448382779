/**
 * Kerong CU wire format as the board sees it: requests `02 ADDR CMD [DATA] 03 SUM`, SUM over everything before it.
 * Written for the simulator alone. The driver has its own.
 */
export interface Request {
  /** High nibble of ADDR. */
  board: number;
  /** Low nibble of ADDR. */
  lock: number;
  command: number;
  data: number[];
}

export const STATUS_ONE = 0x30;
export const UNLOCK_ONE = 0x31;
export const STATUS_ALL = 0x32;
export const UNLOCK_ALL = 0x33;
export const PULSE = 0x37;
export const DELAYED_UNLOCK = 0x39;
export const BROADCAST = 0xf;

/**
 * Numbers of data bytes that each command may have, the fewest first: a whole request is one, whatever follows it, or what
 * is read would hang on how the bytes were cut.
 */
const DATA_LENGTHS: Readonly<Record<number, readonly number[]>> = {
  [STATUS_ONE]: [0],
  [UNLOCK_ONE]: [0],
  [STATUS_ALL]: [0],
  [UNLOCK_ALL]: [0],
  [PULSE]: [0, 2],
  [DELAYED_UNLOCK]: [1],
};

const sum = (bytes: readonly number[]) => bytes.reduce((a, b) => (a + b) & 0xff, 0);

/** Takes bytes as they come and gives whole requests; what belongs to none is skipped byte by byte. */
export class RequestReader {
  #pending: number[] = [];

  push(chunk: Uint8Array): Request[] {
    this.#pending.push(...chunk);
    const found: Request[] = [];
    while (this.#pending.length >= 5) {
      const taken = this.#take();
      if (taken === "more") break;
      if (taken === "junk") this.#pending.shift();
      else found.push(taken);
    }
    return found;
  }

  /** A pause on the line ends whatever was begun. */
  pause(): void {
    this.#pending = [];
  }

  #take(): Request | "junk" | "more" {
    const bytes = this.#pending;
    const lengths = DATA_LENGTHS[bytes[2] ?? -1];
    if (bytes[0] !== 0x02 || !lengths) return "junk";
    let short = false;
    for (const length of lengths) {
      const whole = 5 + length;
      if (bytes.length < whole) {
        short = true;
        continue;
      }
      if (bytes[whole - 2] !== 0x03 || bytes[whole - 1] !== sum(bytes.slice(0, whole - 1))) continue;
      const [, address = 0, command = 0, ...rest] = bytes.splice(0, whole);
      return { board: address >> 4, lock: address & 0xf, command, data: rest.slice(0, length) };
    }
    return short ? "more" : "junk";
  }
}

/** A board's answer with its sum. */
export function reply(board: number, command: number, data: readonly number[]): Uint8Array {
  const body = [0x02, (board << 4) & 0xff, command, ...data, 0x03];
  return Uint8Array.from([...body, sum(body)]);
}

/** Bits of up to 16 locks as two bytes, lock 1 in bit 0 of the first. */
export function bits(values: readonly (0 | 1)[]): [number, number] {
  const word = values.reduce<number>((a, bit, i) => a | (bit << i), 0);
  return [word & 0xff, word >> 8];
}
