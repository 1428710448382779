/**
 * CRT-571/591 wire format as the unit sees it: `F2 ADDR LENH LENL TEXT 03 BCC`, BCC the XOR of all before it.
 * Written for the simulator alone. The driver has its own.
 */
export interface Request {
  address: number;
  command: number;
  parameter: number;
  data: Buffer;
}

export type FromHost = { request: Request } | "ack" | "nak" | "eot" | "damaged";

const START = 0xf2;
const LONGEST_TEXT = 515;
const HOST_SAYS: Readonly<Record<number, "ack" | "nak" | "eot">> = { 6: "ack", 21: "nak", 4: "eot" };

const bccOf = (bytes: Uint8Array): number => {
  let bcc = 0;
  for (const byte of bytes) bcc ^= byte;
  return bcc;
};

/** Takes bytes as they come. A frame that is whole and wrong is `damaged`, which a unit answers with NAK. */
export class HostReader {
  #bytes: number[] = [];

  push(chunk: Uint8Array): FromHost[] {
    this.#bytes.push(...chunk);
    const found: FromHost[] = [];
    for (;;) {
      const [first, , high = 0, low = 0, head] = this.#bytes;
      if (first === undefined) return found;
      if (first !== START) {
        const said = HOST_SAYS[first];
        if (said) found.push(said);
        this.#bytes.shift();
        continue;
      }
      if (this.#bytes.length < 5) return found;
      const text = high * 256 + low;
      if (head !== 0x43 || text < 3 || text > LONGEST_TEXT) {
        this.#bytes.shift();
        continue;
      }
      if (this.#bytes.length < text + 6) return found;
      const frame = Buffer.from(this.#bytes.slice(0, text + 6));
      if (frame[text + 4] !== 0x03 || bccOf(frame.subarray(0, -1)) !== frame[text + 5]) {
        found.push("damaged");
        this.#bytes.shift();
        continue;
      }
      this.#bytes.splice(0, frame.length);
      const [, address = 0, , , , command = 0, parameter = 0] = frame;
      found.push({ request: { address, command, parameter, data: frame.subarray(7, -2) } });
    }
  }

  /** A pause on the line, or a lost supply, ends whatever was begun. */
  pause(): void {
    this.#bytes = [];
  }
}

/** A unit's answer: `positive` with three status characters, otherwise with a two-character error, then data. */
export function says(
  { address, command, parameter }: Request,
  positive: boolean,
  characters: string,
  data: Uint8Array = Buffer.alloc(0),
): Buffer {
  const text = Buffer.concat([
    Buffer.from([positive ? 0x50 : 0x4e, command, parameter]),
    Buffer.from(characters, "latin1"),
    data,
  ]);
  const frame = Buffer.concat([
    Buffer.from([START, address, text.length >> 8, text.length & 255]),
    text,
    Buffer.from([0x03]),
  ]);
  return Buffer.concat([frame, Buffer.from([bccOf(frame)])]);
}
