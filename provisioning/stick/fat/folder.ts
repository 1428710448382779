import { STICK_LIMITS } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import type { BlockSource } from "./block.ts";
import type { Chains } from "./chains.ts";
import type { Volume } from "./volume.ts";

/** A file or folder as its parent names it. */
export interface Entry {
  name: string;
  folder: boolean;
  /** First cluster; 0 where there is none. */
  cluster: number;
  /** Bytes; 0 for folders. */
  size: number;
}

const SLOT = 32;
const PIECE = 16 * 1024;
const [DELETED, END] = [0xe5, 0x00];
const ATTRIBUTES = { hidden: 0x02, system: 0x04, label: 0x08, folder: 0x10, long: 0x0f };

/** Reads folders. It counts the slots of all that it reads, so that no stick keeps it busy. */
export class Folders {
  readonly #source: BlockSource;
  readonly #volume: Volume;
  readonly #chains: Chains;
  readonly #piece = Buffer.alloc(PIECE);
  #slots = 0;

  constructor(source: BlockSource, volume: Volume, chains: Chains) {
    this.#source = source;
    this.#volume = volume;
    this.#chains = chains;
  }

  root(): Entry[] {
    const { root } = this.#volume;
    return this.#entries("cluster" in root ? this.#ofChain(root.cluster) : this.#pieces(root.at, root.bytes));
  }

  below = (folder: Entry): Entry[] => this.#entries(this.#ofChain(folder.cluster));

  *#ofChain(first: number): Generator<Buffer> {
    for (const cluster of this.#chains.ofFolder(first))
      yield* this.#pieces(this.#chains.placeOf(cluster), this.#volume.clusterBytes);
  }

  /** Each piece is overwritten by the next one. */
  *#pieces(at: number, bytes: number): Generator<Buffer> {
    for (let done = 0; done < bytes; done += PIECE) {
      const piece = this.#piece.subarray(0, Math.min(PIECE, bytes - done));
      this.#source.read(at + done, piece);
      yield piece;
    }
  }

  #entries(pieces: Iterable<Buffer>): Entry[] {
    const found: Entry[] = [];
    const long = new LongName();
    for (const piece of pieces) {
      for (let at = 0; at + SLOT <= piece.length; at += SLOT) {
        const slot = piece.subarray(at, at + SLOT);
        const mark = slot.readUInt8(0);
        if (mark === END) return found;
        if (++this.#slots > STICK_LIMITS.entries) throw new Refusal("tooMany", "entries");
        const attributes = slot.readUInt8(11);
        if (mark === DELETED) long.forget();
        else if ((attributes & 0x3f) === ATTRIBUTES.long) long.add(slot);
        else {
          const name = long.take(slot) ?? shortName(slot);
          if (isWanted(name, attributes)) found.push(this.#entryOf(name, slot, attributes));
        }
      }
    }
    return found;
  }

  #entryOf(name: string, slot: Buffer, attributes: number): Entry {
    const folder = (attributes & ATTRIBUTES.folder) !== 0;
    // Only FAT32 keeps the upper half there; others have used the place for something else.
    const upper = this.#volume.bits === 32 ? slot.readUInt16LE(20) : 0;
    return {
      name,
      folder,
      cluster: upper * 0x1_0000 + slot.readUInt16LE(26),
      size: folder ? 0 : slot.readUInt32LE(28),
    };
  }
}

/** What systems put on sticks for themselves is passed over, and so is what hides. */
const isWanted = (name: string, attributes: number): boolean =>
  (attributes & (ATTRIBUTES.label | ATTRIBUTES.hidden | ATTRIBUTES.system)) === 0 && !name.startsWith(".");

/** A name of eight and three; systems keep in two bits which part is shown in small letters. */
function shortName(slot: Buffer): string {
  const small = slot.readUInt8(12);
  const part = (from: number, to: number, bit: number) => {
    const text = slot.toString("latin1", from, to).trimEnd();
    return small & bit ? text.toLowerCase() : text;
  };
  const [name, extension] = [part(0, 8, 0x08), part(8, 11, 0x10)];
  return extension ? `${name}.${extension}` : name;
}

/** Where the 13 characters of one slot of a long name lie. */
const PLACES = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
const MOST_PARTS = 20;

/** Collects the slots of a long name, which come last part first; one that does not fit its short name is not used. */
class LongName {
  #parts: string[] = [];
  #expected = 0;
  #sum = -1;

  forget(): void {
    this.#parts = [];
    this.#expected = 0;
    this.#sum = -1;
  }

  add(slot: Buffer): void {
    const order = slot.readUInt8(0);
    const number = order & 0x3f;
    const sum = slot.readUInt8(13);
    if (order & 0x40) {
      this.forget();
      if (number < 1 || number > MOST_PARTS) return;
      this.#sum = sum;
    } else if (number === 0 || number !== this.#expected || sum !== this.#sum) return this.forget();
    this.#expected = number - 1;
    const codes = PLACES.map((at) => slot.readUInt16LE(at));
    const end = codes.indexOf(0);
    this.#parts.unshift(String.fromCharCode(...(end < 0 ? codes : codes.slice(0, end))));
  }

  /** The name for this short entry; undefined when there is none, or only a part of one. */
  take(slot: Buffer): string | undefined {
    const whole = this.#parts.length > 0 && this.#expected === 0 && this.#sum === checksum(slot);
    const name = this.#parts.join("");
    this.forget();
    return whole && name !== "" ? name : undefined;
  }
}

function checksum(slot: Buffer): number {
  let sum = 0;
  for (let at = 0; at < 11; at++) sum = (((sum & 1) << 7) + (sum >> 1) + slot.readUInt8(at)) & 0xff;
  return sum;
}
