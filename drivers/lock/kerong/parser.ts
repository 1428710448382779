import {
  ETX,
  REQUEST_LENGTH,
  readStatus,
  STATUS_LENGTH,
  STATUS_REPLY,
  STX,
  type StatusFrame,
  sum,
} from "./frame.ts";

export interface Parsed {
  statuses: StatusFrame[];
  /** Whole requests that came back: the echo of a two-wire adapter, or another master. */
  requests: number;
  /** Bytes that belong to no frame. */
  junk: number;
}

/**
 * Cuts the bytes of a lock bus into frames. Pure and bounded: at most one frame's worth of bytes is kept; after a wrong
 * byte it goes on one byte further, so the next good frame is always found.
 */
export class KerongParser {
  #kept: number[] = [];

  push(chunk: Uint8Array): Parsed {
    const result: Parsed = { statuses: [], requests: 0, junk: 0 };
    for (const byte of chunk) {
      this.#kept.push(byte);
      this.#cut(result);
    }
    return result;
  }

  /** Forgets a frame that has begun; answers how many bytes that was. */
  reset(): number {
    const count = this.#kept.length;
    this.#kept = [];
    return count;
  }

  #cut(result: Parsed): void {
    while (this.#kept.length > 0) {
      const verdict = judge(this.#kept);
      if (verdict === "more") return;
      if (verdict === "junk") {
        this.#kept.shift();
        result.junk++;
        continue;
      }
      const frame = Uint8Array.from(this.#kept.splice(0, verdict));
      if (verdict === STATUS_LENGTH) result.statuses.push(readStatus(frame));
      else result.requests++;
    }
  }
}

/** Length of the frame at the start, "more" when it may become one, "junk" when its first byte begins none. */
function judge(bytes: number[]): number | "more" | "junk" {
  if (bytes[0] !== STX) return "junk";
  if (bytes.length < 3) return "more";
  const length = bytes[2] === STATUS_REPLY ? STATUS_LENGTH : REQUEST_LENGTH;
  if (bytes.length < length) return "more";
  const good =
    bytes[length - 2] === ETX && bytes[length - 1] === sum(Uint8Array.from(bytes.slice(0, length - 1)));
  return good ? length : "junk";
}
