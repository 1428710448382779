import { STICK_LIMITS } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import type { BlockSource } from "./block.ts";
import type { Volume } from "./volume.ts";

/** Read at once of the table. Only an entry of FAT12 could cross its end, and a table of FAT12 is smaller than it. */
const WINDOW = 8 * 1024;
/** So many are kept, each at its own place, for chains that jump to and fro. */
const WINDOWS = 128;

/** Numbers that were seen, up to a bound of half the table, in memory of a fixed size. */
class SeenNumbers {
  readonly #table = new Uint32Array(1 << 18);
  #count = 0;

  /** False when it was there already. Numbers are at least 1. */
  add(value: number): boolean {
    if (this.#count >= STICK_LIMITS.clusters) throw new Refusal("tooMany", "clusters");
    const { length } = this.#table;
    const spread = Math.imul(value, 0x9e37_79b1) >>> 14;
    for (let slot = spread; ; slot = (slot + 1) % length) {
      const there = this.#table[slot];
      if (there === value) return false;
      if (there !== 0) continue;
      this.#table[slot] = value;
      this.#count++;
      return true;
    }
  }
}

/**
 * Follows chains of clusters through the table. A cluster belongs to one chain only, whatever is read of a stick: what
 * comes twice is a loop or a cross link. A chain is whole before anything of it is read.
 */
export class Chains {
  readonly #source: BlockSource;
  readonly #volume: Volume;
  readonly #seen = new SeenNumbers();
  readonly #windows = Buffer.alloc(WINDOW * WINDOWS);
  readonly #windowAt = new Float64Array(WINDOWS).fill(-1);

  constructor(source: BlockSource, volume: Volume) {
    this.#source = source;
    this.#volume = volume;
  }

  /** The clusters of a file of this size, exactly as many as it needs. @throws Refusal `chain` or `crossLinked` */
  ofFile(first: number, size: number): Uint32Array {
    const count = Math.ceil(size / this.#volume.clusterBytes);
    const chain = new Uint32Array(count);
    let cluster = first;
    for (let index = 0; index < count; index++) {
      this.#visit(cluster);
      chain[index] = cluster;
      cluster = this.#next(cluster);
    }
    if (count > 0 && !this.#isEnd(cluster)) throw new Refusal("chain", "long");
    return chain;
  }

  /** The clusters of a folder one after the other; how many there are stands nowhere but in the table. */
  *ofFolder(first: number): Generator<number> {
    for (let cluster = first; !this.#isEnd(cluster); cluster = this.#next(cluster)) {
      this.#visit(cluster);
      yield cluster;
    }
  }

  /** Where a cluster lies on the stick. */
  placeOf = (cluster: number): number => this.#volume.dataAt + (cluster - 2) * this.#volume.clusterBytes;

  #visit(cluster: number): void {
    if (this.#isEnd(cluster)) throw new Refusal("chain", "short");
    if (cluster < 2 || cluster >= this.#volume.clusters + 2) throw new Refusal("chain", "outside");
    if (!this.#seen.add(cluster)) throw new Refusal("crossLinked");
  }

  #isEnd = (cluster: number): boolean => cluster >= 2 ** Math.min(this.#volume.bits, 28) - 8;

  #next(cluster: number): number {
    const { bits } = this.#volume;
    if (bits === 16) return this.#windows.readUInt16LE(this.#entry(cluster * 2));
    if (bits === 32) return this.#windows.readUInt32LE(this.#entry(cluster * 4)) & 0x0fffffff;
    const pair = this.#windows.readUInt16LE(this.#entry(cluster + (cluster >> 1)));
    return cluster & 1 ? pair >> 4 : pair & 0xfff;
  }

  /** Where in the windows the entry at this place of the table lies; read when it is not there. */
  #entry(at: number): number {
    const begin = at - (at % WINDOW);
    const place = (begin / WINDOW) % WINDOWS;
    const inWindows = place * WINDOW;
    if (begin !== this.#windowAt[place]) {
      const length = Math.min(WINDOW, this.#volume.fatBytes - begin);
      this.#windowAt[place] = -1;
      this.#source.read(this.#volume.fatAt + begin, this.#windows.subarray(inWindows, inWindows + length));
      this.#windowAt[place] = begin;
    }
    return inWindows + at - begin;
  }
}
