import type { Layout } from "./oracle.ts";

/** Xorshift: fast, seeded, the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new TypeError("nothing to pick from");
    return picked;
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.next() >>> 24);
  }
}

/** What streams of one protocol are made of. */
export interface Ingredients {
  /** A right frame with random content. */
  frame(random: Random): Uint8Array;
  /** Bytes that mean something in it: junk that is made of them misleads most. */
  alphabet: readonly number[];
  /** Beginnings of frames. */
  starts: readonly (readonly number[])[];
}

export interface Stream {
  bytes: Uint8Array;
  /** How many untouched frames stand at its end. */
  intact: number;
  /** Where the stream is cut into chunks. */
  cuts: number[];
}

/** Junk, then one to three right frames, then silence long enough that everything which was begun is decided. */
export function makeStream(random: Random, of: Ingredients, layout: Layout): Stream {
  const parts: number[] = [];
  for (let pieces = random.below(4); pieces >= 0; pieces--) parts.push(...junk(random, of));
  const intact = 1 + random.below(3);
  for (let i = 0; i < intact; i++) parts.push(...of.frame(random));
  const bytes = decided(parts, layout);
  const cuts: number[] = [];
  if (random.below(8) === 0) for (let at = 1; at < parts.length; at++) cuts.push(at);
  else for (let i = random.below(6); i > 0; i--) cuts.push(random.below(parts.length));
  return { bytes, intact, cuts: cuts.sort((a, b) => a - b) };
}

/** Bytes with the silence and the tail behind them that decide everything. */
export function decided(parts: readonly number[], { longest, tail = [], filler = 0 }: Layout): Uint8Array {
  const bytes = new Uint8Array(parts.length + longest + tail.length).fill(filler);
  bytes.set(parts);
  bytes.set(tail, parts.length + longest);
  return bytes;
}

function junk(random: Random, of: Ingredients): number[] {
  switch (random.below(6)) {
    case 0:
      return random.bytes(random.below(24));
    case 1:
      return Array.from({ length: random.below(24) }, () => random.pick(of.alphabet));
    case 2:
      return [...random.pick(of.starts), ...random.bytes(random.below(6))];
    case 3:
      return [...of.frame(random)];
    default:
      return mutated(random, [...of.frame(random)]);
  }
}

/** A frame with bits flipped, bytes lost, added, repeated or the end torn off. */
function mutated(random: Random, frame: number[]): number[] {
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(Math.max(1, frame.length));
    switch (random.below(6)) {
      case 0:
        frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        frame.splice(at, 1 + random.below(3));
        break;
      case 2:
        frame.splice(at, 0, ...random.bytes(1 + random.below(3)));
        break;
      case 3:
        frame.splice(at, 0, ...frame.slice(at, at + random.below(8)));
        break;
      case 4:
        frame.length = at;
        break;
      default:
        frame[at] = random.next() >>> 24;
    }
  }
  return frame;
}

/** The chunks of a stream. */
export function chunksOf({ bytes, cuts }: Stream): Uint8Array[] {
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i] ?? 0, end));
}
