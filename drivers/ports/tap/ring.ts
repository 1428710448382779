/** Who speaks: the host to the device, the device to the host, or nobody (something happened). */
export const SPEAKERS = ["host", "device", "event"] as const;
export type Speaker = (typeof SPEAKERS)[number];

/**
 * What a part of the wire holds. Only `shown` keeps its bytes; of all others only the length is kept. `biometric`: an image
 * or a template of a finger, `image`: a picture of a camera, `print`: what is printed, `item`: the number of an item,
 * `unreadable`: bytes of which nobody can say that they are none of these.
 */
export const KINDS = ["shown", "biometric", "image", "print", "item", "unreadable"] as const;
export type Kind = (typeof KINDS)[number];
export type HiddenKind = Exclude<Kind, "shown">;

export interface WireRecord {
  /** Counts all records of a process: their order, also where times are the same. */
  sequence: number;
  /** Monotonic, ms. */
  at: number;
  from: Speaker;
  kind: Kind;
  length: number;
  /** It goes on with the record before: both were one write, or one chunk that arrived. */
  joined: boolean;
  /** Of `shown` only; the text of an event. */
  bytes: Uint8Array;
}

/** Head of a record: time (8), sequence (4), length (2), speaker (1) with the mark of a joined one, kind (1). */
const HEAD = 16;
const JOINED = 0x80;
const LONGEST = 0xffff;
const FIRST_SIZE = 2_048;

/**
 * The last records of one line, in one block of memory that grows to `limit` bytes and then forgets its oldest. A record
 * costs its bytes and 16 more, and nothing that a collector of garbage would have to look at.
 */
export class WireRing {
  readonly #limit: number;
  #block = Buffer.allocUnsafe(0);
  #head = 0;
  #tail = 0;
  /** Called with each record that is about to be forgotten. */
  onForget: ((record: WireRecord) => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of what is kept the length is that of `bytes`, cut at 64 KiB. */
  push(record: Omit<WireRecord, "length" | "joined"> & { length?: number; joined?: boolean }): void {
    const { at, sequence, from, kind, bytes, length = bytes.length, joined = false } = record;
    const kept = Math.min(bytes.length, LONGEST, this.#limit >> 2);
    this.#makeRoom(HEAD + kept);
    const block = this.#block;
    const tail = this.#tail;
    block.writeDoubleLE(at, tail);
    block.writeUInt32LE(sequence >>> 0, tail + 8);
    block.writeUInt16LE(kind === "shown" ? kept : Math.min(length, LONGEST), tail + 12);
    block[tail + 14] = SPEAKERS.indexOf(from) | (joined ? JOINED : 0);
    block[tail + 15] = KINDS.indexOf(kind);
    block.set(kept === bytes.length ? bytes : bytes.subarray(0, kept), tail + HEAD);
    this.#tail = tail + HEAD + kept;
  }

  /** Everything that is still there, oldest first; the bytes are copies. */
  records(): WireRecord[] {
    const found: WireRecord[] = [];
    for (let at = this.#head; at < this.#tail; at += this.#sizeAt(at)) found.push(this.#read(at));
    return found;
  }

  #makeRoom(size: number): void {
    if (this.#tail + size <= this.#block.length) return;
    const used = this.#tail - this.#head;
    if (used + size > this.#limit) {
      // Room for a while, so that the rest is not moved at each record.
      const left = Math.max(0, Math.min(this.#limit - size, this.#limit - (this.#limit >> 2)));
      while (this.#tail - this.#head > left) {
        this.onForget?.(this.#read(this.#head));
        this.#head += this.#sizeAt(this.#head);
      }
    }
    const rest = this.#tail - this.#head;
    if (rest + size > this.#block.length) {
      let length = Math.max(FIRST_SIZE, this.#block.length);
      while (length < rest + size) length *= 2;
      const block = Buffer.allocUnsafe(Math.min(length, this.#limit));
      this.#block.copy(block, 0, this.#head, this.#tail);
      this.#block = block;
    } else this.#block.copyWithin(0, this.#head, this.#tail);
    this.#head = 0;
    this.#tail = rest;
  }

  #sizeAt(at: number): number {
    const shown = this.#block[at + 15] === 0;
    return HEAD + (shown ? this.#block.readUInt16LE(at + 12) : 0);
  }

  #read(at: number): WireRecord {
    const block = this.#block;
    return {
      at: block.readDoubleLE(at),
      sequence: block.readUInt32LE(at + 8),
      length: block.readUInt16LE(at + 12),
      from: SPEAKERS[(block[at + 14] ?? 0) & ~JOINED] ?? "event",
      joined: ((block[at + 14] ?? 0) & JOINED) !== 0,
      kind: KINDS[block[at + 15] ?? 0] ?? "unreadable",
      bytes: Uint8Array.from(block.subarray(at + HEAD, at + this.#sizeAt(at))),
    };
  }
}
