/**
 * The module's own view of its wire: requests in, answers out. Written from the manuals apart from the driver, so that a
 * mistake in one does not cancel out in the other.
 */
export interface Incoming {
  kind: "command" | "data" | "lastData";
  body: Buffer;
}

const HEADER = [0xef, 0x01];
/** Command, data, last data: nothing else is said to a module. */
const FROM_HOST = new Set([1, 2, 8]);

/** Collects what the host sends to one address. Wrong sums are told by `bad`; anything else that is no packet is ignored. */
export class ModuleReader {
  #bytes: number[] = [];
  readonly address: () => number;

  constructor(address: () => number) {
    this.address = address;
  }

  feed(chunk: Uint8Array): { packets: Incoming[]; bad: number } {
    const packets: Incoming[] = [];
    let bad = 0;
    this.#bytes.push(...chunk);
    while (this.#bytes.length >= 2) {
      if (this.#bytes[0] !== HEADER[0] || this.#bytes[1] !== HEADER[1]) {
        this.#bytes.shift();
        continue;
      }
      if (this.#bytes.length < 9) break;
      const size = (this.#bytes[7] ?? 0) * 256 + (this.#bytes[8] ?? 0);
      if (size < 2 || size > 300 || !FROM_HOST.has(this.#bytes[6] ?? 0)) {
        this.#bytes.shift();
        continue;
      }
      if (this.#bytes.length < 9 + size) break;
      const whole = Buffer.from(this.#bytes.slice(0, 9 + size));
      const own = whole.readUInt32BE(2) === this.address();
      let total = 0;
      for (let i = 6; i < whole.length - 2; i++) total += whole[i] as number;
      if ((total & 0xffff) !== whole.readUInt16BE(whole.length - 2)) {
        if (own) bad++;
        // The length may be what is wrong: a right packet may stand within what it covers.
        this.#bytes.shift();
        continue;
      }
      this.#bytes.splice(0, whole.length);
      if (!own) continue;
      const type = whole[6];
      const body = whole.subarray(9, whole.length - 2);
      if (type === 1) packets.push({ kind: "command", body });
      else if (type === 2) packets.push({ kind: "data", body });
      else if (type === 8) packets.push({ kind: "lastData", body });
    }
    return { packets, bad };
  }
}

/** One packet from the module: `type` 7 answer, 2 data, 8 last data. */
export function moduleSays(address: number, type: 2 | 7 | 8, body: Uint8Array): Buffer {
  const out = Buffer.alloc(body.length + 11);
  out.set([0xef, 0x01]);
  out.writeUInt32BE(address, 2);
  out.writeUInt8(type, 6);
  out.writeUInt16BE(body.length + 2, 7);
  out.set(body, 9);
  let total = 0;
  for (let i = 6; i < out.length - 2; i++) total += out[i] as number;
  out.writeUInt16BE(total & 0xffff, out.length - 2);
  return out;
}
