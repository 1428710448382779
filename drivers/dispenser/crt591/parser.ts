import {
  ACK,
  EOT,
  ETX,
  MAX_TEXT,
  NAK,
  OVERHEAD,
  type Reply,
  readReply,
  STX,
  shortestText,
  xor,
} from "./frame.ts";

/** What comes from a unit, in order. `damaged`: a frame whose end or BCC is wrong, to be asked for again. */
export type Incoming = { kind: "ack" | "nak" | "eot" | "damaged" } | { kind: "reply"; reply: Reply };

export interface Parsed {
  incoming: Incoming[];
  /** Bytes that belong to no frame. */
  junk: number;
}

const MAX_ADDRESS = 0x0f;
const CONTROL: Readonly<Record<number, "ack" | "nak" | "eot">> = { [ACK]: "ack", [NAK]: "nak", [EOT]: "eot" };

/**
 * Cuts bytes into frames and control bytes. Pure and bounded by one frame; after anything wrong it goes on one byte
 * further. Within what a damaged frame covered only frames are looked for: a 06 inside of its data acknowledges nothing.
 */
export class Crt591Parser {
  #kept = Buffer.alloc(0);
  /** Where in `kept` the next frame may begin, and where a damaged frame ended. */
  #at = 0;
  #coveredTo = 0;

  push(chunk: Uint8Array): Parsed {
    this.#kept = this.pending ? Buffer.concat([this.#kept, chunk]) : Buffer.from(chunk);
    const result: Parsed = { incoming: [], junk: 0 };
    this.#cut(result);
    this.#forgetRead();
    return result;
  }

  /** Whether a frame has begun and is not whole. */
  get pending(): boolean {
    return this.#kept.length > 0;
  }

  /** Gives up the frame that has begun, after silence: `damaged`, then whatever was hidden behind its first byte. */
  expire(): Parsed {
    const result: Parsed = { incoming: [], junk: 0 };
    if (!this.pending) return result;
    result.incoming.push({ kind: "damaged" });
    this.#coveredTo = this.#kept.length;
    while (this.#at < this.#kept.length) {
      this.#at++;
      result.junk++;
      this.#cut(result);
    }
    this.#forgetRead();
    return result;
  }

  /** Forgets what has begun. */
  reset(): void {
    this.#kept = Buffer.alloc(0);
    this.#at = 0;
    this.#coveredTo = 0;
  }

  #cut(result: Parsed): void {
    while (this.#at < this.#kept.length) {
      const verdict = judge(this.#kept, this.#at);
      if (verdict === "more") return;
      if (verdict !== "junk" && verdict > 0) {
        const reply = readReply(this.#kept.subarray(this.#at, this.#at + verdict));
        if (reply) result.incoming.push({ kind: "reply", reply });
        this.#at += verdict;
        continue;
      }
      const covered = this.#at < this.#coveredTo;
      if (verdict !== "junk") {
        // Told once: what else looks like a frame inside of a damaged one is its data.
        if (!covered) result.incoming.push({ kind: "damaged" });
        this.#coveredTo = Math.max(this.#coveredTo, this.#at - verdict);
      }
      const control = covered || verdict !== "junk" ? undefined : CONTROL[this.#kept[this.#at] ?? 0];
      if (control) result.incoming.push({ kind: control });
      else result.junk++;
      this.#at++;
    }
  }

  #forgetRead(): void {
    // A copy: a view would keep the memory of everything that was ever pushed.
    this.#kept = Buffer.from(this.#kept.subarray(this.#at));
    this.#coveredTo = Math.max(0, this.#coveredTo - this.#at);
    this.#at = 0;
  }
}

/** Length of the frame at `at`, its negative when it is damaged, "more" when it may become one, "junk" when none begins. */
function judge(kept: Uint8Array, at: number): number | "more" | "junk" {
  const left = kept.length - at;
  if (kept[at] !== STX) return "junk";
  if (left > 1 && (kept[at + 1] ?? 0) > MAX_ADDRESS) return "junk";
  if (left > 2 && (kept[at + 2] ?? 0) > MAX_TEXT >> 8) return "junk";
  if (left < 5) return "more";
  const text = ((kept[at + 2] ?? 0) << 8) | (kept[at + 3] ?? 0);
  const shortest = shortestText(kept[at + 4] ?? 0);
  if (shortest === undefined || text < shortest || text > MAX_TEXT) return "junk";
  const length = OVERHEAD + text;
  if (left < length) return "more";
  const bcc = at + length - 1;
  const good = kept[bcc - 1] === ETX && kept[bcc] === xor(kept.subarray(at, bcc));
  return good ? length : -length;
}
