import { checksum, MAX_CONTENT, OVERHEAD, PACKET, type Packet, type PacketId, readU16 } from "./frame.ts";

export interface Parsed {
  packets: Packet[];
  /** Bytes that belong to no packet: noise, or the bare 55 of an R503 that has started. */
  junk: number;
}

const IDS = new Set<number>(Object.values(PACKET));

/**
 * Cuts bytes into packets. Pure and bounded by one packet; after anything wrong it goes on one byte further, so that the
 * next good packet is always found.
 */
export class Ef01Parser {
  #kept = Buffer.alloc(0);

  push(chunk: Uint8Array): Parsed {
    const result: Parsed = { packets: [], junk: 0 };
    let data = this.#kept.length ? Buffer.concat([this.#kept, chunk]) : Buffer.from(chunk);
    let at = 0;
    while (at < data.length) {
      const verdict = judge(data, at);
      if (verdict === "more") break;
      if (verdict === "junk") {
        at++;
        result.junk++;
        continue;
      }
      result.packets.push({
        address: data.readUInt32BE(at + 2),
        id: data[at + 6] as PacketId,
        content: Uint8Array.from(data.subarray(at + 9, at + verdict - 2)),
      });
      at += verdict;
    }
    data = Buffer.from(data.subarray(at));
    this.#kept = data;
    return result;
  }

  /** Forgets what has begun. */
  reset(): void {
    this.#kept = Buffer.alloc(0);
  }
}

/** Length of the packet at `at`, "more" when it may become one, "junk" when none begins here. */
function judge(data: Buffer, at: number): number | "more" | "junk" {
  const left = data.length - at;
  if (data[at] !== 0xef || (left > 1 && data[at + 1] !== 0x01)) return "junk";
  if (left > 6 && !IDS.has(data[at + 6] as number)) return "junk";
  if (left < 9) return "more";
  const content = readU16(data, at + 7) - 2;
  if (content < 0 || content > MAX_CONTENT) return "junk";
  const length = OVERHEAD + content;
  if (left < length) return "more";
  return checksum(data.subarray(at + 6, at + length - 2)) === readU16(data, at + length - 2)
    ? length
    : "junk";
}
