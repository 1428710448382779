import type { Random } from "../streams.ts";
import type { Base } from "./bases.ts";

/** One stick that is meant to harm its reader. */
export interface Hostile {
  family: string;
  base: string;
  image: Buffer;
  /** Bytes that the device claims to have behind the image; a hole. */
  size: number;
}

const EDGES = [
  0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x7fff, 0xffff, 0x10000, 0x0fffffff, 0x7fffffff,
  0xffffffff,
];
/** Offset and bytes of every number in a boot sector. */
const FIELDS: [number, 1 | 2 | 4][] = [
  [11, 2],
  [13, 1],
  [14, 2],
  [16, 1],
  [17, 2],
  [19, 2],
  [21, 1],
  [22, 2],
  [24, 2],
  [26, 2],
  [28, 4],
  [32, 4],
  [36, 4],
  [40, 2],
  [42, 2],
  [44, 4],
  [48, 2],
  [50, 2],
  [510, 2],
];
const GIB = 2 ** 30;

/** Writes the low bytes of a number. */
function put(image: Buffer, at: number, bytes: number, value: number): void {
  if (at + bytes > image.length) return;
  image.writeUIntLE(bytes === 4 ? value >>> 0 : value & (2 ** (8 * bytes) - 1), at, bytes);
}

function setEntry(image: Buffer, base: Base, cluster: number, value: number): void {
  if (base.bits === 32) return put(image, base.fatAt + cluster * 4, 4, value);
  if (base.bits === 16) return put(image, base.fatAt + cluster * 2, 2, value);
  const at = base.fatAt + cluster + (cluster >> 1);
  const old = image.readUInt16LE(at);
  put(image, at, 2, cluster & 1 ? (old & 0xf) | ((value & 0xfff) << 4) : (old & 0xf000) | (value & 0xfff));
}

const ending = (base: Base): number => 2 ** Math.min(base.bits, 28) - 1;
const some = (random: Random, base: Base): number =>
  random.pick([random.below(base.clusters + 4), random.below(40), ending(base), 0, 1, ending(base) - 8]);

/** Places of the slots in use in the root folder. */
function slots(base: Base, image: Buffer): number[] {
  const found: number[] = [];
  for (let at = base.rootAt; at + 32 <= image.length && image[at] !== 0 && found.length < 64; at += 32)
    found.push(at);
  return found;
}

function slot(name: string, attributes: number, cluster: number, size: number): Buffer {
  const entry = Buffer.alloc(32);
  entry.write(name.padEnd(11).slice(0, 11), "latin1");
  entry.writeUInt8(attributes, 11);
  entry.writeUInt16LE(cluster >>> 16, 20);
  entry.writeUInt16LE(cluster & 0xffff, 26);
  entry.writeUInt32LE(size >>> 0, 28);
  return entry;
}

/** The slots of a long name before its short entry. */
function longSlots(units: number[], short: Buffer): Buffer[] {
  let sum = 0;
  for (let at = 0; at < 11; at++) sum = (((sum & 1) << 7) + (sum >> 1) + (short[at] as number)) & 0xff;
  const count = Math.ceil(units.length / 13);
  const padded = [...units, 0, ...Array<number>(13).fill(0xffff)];
  return Array.from({ length: count }, (_, index) => {
    const order = count - index;
    const part = Buffer.alloc(32);
    part.writeUInt8(order | (index === 0 ? 0x40 : 0), 0);
    part.writeUInt8(0x0f, 11);
    part.writeUInt8(sum, 13);
    [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30].forEach((at, place) => {
      part.writeUInt16LE(padded[(order - 1) * 13 + place] ?? 0xffff, at);
    });
    return part;
  });
}

/** A folder of many clusters in a row, laid over the volume from cluster 3 on, in the place of the root's contents. */
function layFolder(image: Buffer, base: Base, entries: Buffer[]): void {
  const bytes = Buffer.concat(entries);
  if (base.bits !== 32) {
    bytes.copy(image, base.rootAt, 0, Math.min(bytes.length, base.dataAt - base.rootAt));
    return;
  }
  const chain = Math.min(Math.ceil(bytes.length / base.clusterBytes), base.clusters - 8);
  let last = 2;
  for (let index = 1; index < chain; index++) {
    setEntry(image, base, last, 2 + index);
    last = 2 + index;
  }
  setEntry(image, base, last, ending(base));
  bytes.copy(image, base.dataAt, 0, Math.min(bytes.length, chain * base.clusterBytes));
}

type Spoil = (random: Random, base: Base, image: Buffer) => { image?: Buffer; size?: number } | undefined;

const FAMILIES: Record<string, Spoil> = {
  "boot sector: random bytes": (random, base, image) => {
    for (let n = 1 + random.below(12); n > 0; n--)
      put(image, base.at + random.below(512), 1, random.below(256));
    return undefined;
  },
  "boot sector: numbers at their edges": (random, base, image) => {
    for (let n = 1 + random.below(3); n > 0; n--) {
      const [at, bytes] = random.pick(FIELDS);
      put(image, base.at + at, bytes, random.pick([...EDGES, random.next()]));
    }
    return undefined;
  },
  "boot sector: a volume that claims to be huge": (random, base, image) => {
    put(image, base.at + 19, 2, 0);
    put(image, base.at + 32, 4, random.pick([0xffffffff, 0x7fffffff, random.next()]));
    if (base.bits === 32) put(image, base.at + 36, 4, random.pick([0x00ffffff, 0x001fffff, random.next()]));
    return { size: random.pick([base.size, 8 * GIB, 2_000 * GIB]) };
  },
  "table: random entries": (random, base, image) => {
    for (let n = 1 + random.below(200); n > 0; n--)
      setEntry(image, base, random.below(base.clusters + 2), some(random, base));
    return undefined;
  },
  "table: random bytes": (random, base, image) => {
    for (let n = 1 + random.below(2_000); n > 0; n--)
      put(image, base.fatAt + random.below(base.fatBytes), 1, random.below(256));
    return undefined;
  },
  "table: loops": (random, base, image) => {
    const from = 2 + random.below(Math.min(base.clusters, 300));
    const length = 1 + random.below(Math.min(base.clusters - from, 2_000));
    for (let index = 0; index < length; index++)
      setEntry(image, base, from + index, from + ((index + 1) % length));
    const all = slots(base, image);
    if (all.length > 0) {
      const at = random.pick(all);
      put(image, at + 26, 2, from);
      put(image, at + 28, 4, random.pick([0xffffffff, 16 * 2 ** 20, random.next()]));
    }
    return undefined;
  },
  "table: every chain runs into another": (random, base, image) => {
    const meet = 2 + random.below(base.clusters);
    for (let cluster = 2; cluster < base.clusters + 2; cluster++)
      if (random.below(4) === 0) setEntry(image, base, cluster, meet);
    return undefined;
  },
  "folder: random slots": (random, base, image) => {
    const all = slots(base, image);
    for (let n = 1 + random.below(20); n > 0; n--)
      put(image, random.pick(all) + random.below(32), 1, random.below(256));
    return undefined;
  },
  "folder: wrong sizes and places": (random, base, image) => {
    for (const at of slots(base, image)) {
      if (random.below(2) === 0) put(image, at + 28, 4, random.pick([...EDGES, random.next(), 16 * 2 ** 20]));
      if (random.below(3) === 0) put(image, at + 26, 2, some(random, base));
      if (random.below(6) === 0) put(image, at + 20, 2, random.next());
    }
    return undefined;
  },
  "folder: within itself": (random, base, image) => {
    const own = base.bits === 32 ? 2 : 0;
    const entries = Array.from({ length: 1 + random.below(200) }, (_, n) =>
      slot(`LOOP${n}`, 0x10, random.pick([own, 2, 3, some(random, base)]), 0),
    );
    layFolder(image, base, entries);
    return undefined;
  },
  "folder: chains of folders": (random, base, image) => {
    const depth = Math.min(3 + random.below(400), base.clusters - 4);
    layFolder(image, base, [slot("DEEP", 0x10, 3, 0)]);
    for (let cluster = 3; cluster < 3 + depth; cluster++) {
      slot("DEEP", 0x10, cluster + 1, 0).copy(image, base.dataAt + (cluster - 2) * base.clusterBytes);
      setEntry(image, base, cluster, ending(base));
    }
    return undefined;
  },
  "folder: huge": (random, base, image) => {
    const entries: Buffer[] = [];
    for (let n = random.pick([500, 5_000, 70_000]); n > 0; n--)
      entries.push(slot(`F${n}`, random.pick([0x20, 0x20, 0x08, 0x02]), some(random, base), random.next()));
    layFolder(image, base, entries);
    return undefined;
  },
  "folder: many bundles": (random, base, image) => {
    const entries = Array.from({ length: 10 + random.below(3_000) }, (_, n) =>
      slot(`B${String(n).padEnd(7)}KBU`, 0x20, some(random, base), random.pick([0, 1, 70_000, 0xffffffff])),
    );
    layFolder(image, base, entries);
    return undefined;
  },
  "folder: names": (random, base, image) => {
    const entries: Buffer[] = [];
    for (let n = 1 + random.below(12); n > 0; n--) {
      const short = slot(`N${n}`.padEnd(8).concat("KBU"), 0x20, 3 + random.below(20), random.below(5_000));
      const text = random.pick([
        "../../../etc/passwd",
        "a\u0000b",
        "\u202egnp",
        "\r\n\u001b[2J",
        "/",
        "x".repeat(240),
        '"}{"say":"end"}',
      ]);
      const units = [...text.split("").map((c) => c.charCodeAt(0))];
      for (let more = random.below(30); more > 0; more--)
        units.push(random.pick([0xd800, 0xdfff, random.below(0x10000)]));
      units.push(...".kbundle".split("").map((c) => c.charCodeAt(0)));
      const long = longSlots(units, short);
      if (random.below(3) === 0) long.splice(random.below(long.length), 1);
      if (random.below(4) === 0) long.reverse();
      entries.push(...long, short);
    }
    layFolder(image, base, entries);
    return undefined;
  },
  "folder: long names without end": (random, base, image) => {
    const short = slot("X", 0x20, 3, 1);
    const part = longSlots(Array<number>(255).fill(0x41), short);
    const entries: Buffer[] = [];
    for (let n = random.pick([20, 400, 3_000]); n > 0; n--) entries.push(...part);
    layFolder(image, base, entries);
    return undefined;
  },
  "partitions: random table": (random, base, image) => {
    const table = Buffer.alloc(512);
    for (let n = 0; n < 4; n++) {
      const at = 446 + n * 16;
      put(
        table,
        at + 4,
        1,
        random.pick([0x0c, 0x06, 0x01, 0x0b, 0x05, 0x0f, 0xee, 0x07, 0, random.below(256)]),
      );
      put(table, at + 8, 4, random.pick([0, 1, base.at / 512, 63, random.next(), random.below(10_000)]));
      put(table, at + 12, 4, random.pick([0, 1, image.length / 512, random.next()]));
    }
    if (random.below(8) > 0) put(table, 510, 2, 0xaa55);
    table.copy(image, 0);
    return undefined;
  },
  "device: cut short": (random, _, image) => ({ image: image.subarray(0, random.below(image.length)) }),
  "device: cut within its first sectors": (random, _, image) => ({
    image: image.subarray(0, random.below(2_048)),
  }),
  "device: random bytes": (random) => {
    const image = Buffer.from(random.bytes(random.below(60_000)));
    if (random.below(2) === 0) put(image, 510, 2, 0xaa55);
    if (random.below(2) === 0) put(image, 0, 1, 0xeb);
    return { image };
  },
  "device: random bytes behind a good boot sector": (random, base, image) => {
    for (let at = base.fatAt; at < image.length; at += 1 + random.below(48))
      put(image, at, 1, random.below(256));
    return undefined;
  },
  "device: huge, in the smallest pieces": (random, _, image) => scattered(random, image),
};

/** A volume of gigabytes with clusters of one sector, whose bundles jump between all ends of its table. */
function scattered(random: Random, image: Buffer): { image: Buffer; size: number } {
  const fatSectors = random.pick([2_048, 8_192, 16_384]);
  const clusters = fatSectors * 128 - 2;
  const boot = Buffer.alloc(32 * 512);
  image.copy(boot, 0, 0, 90);
  put(boot, 0, 1, 0xeb);
  put(boot, 11, 2, 512);
  put(boot, 13, 1, 1);
  put(boot, 14, 2, 32);
  put(boot, 16, 1, 1);
  put(boot, 17, 2, 0);
  put(boot, 19, 2, 0);
  put(boot, 21, 1, 0xf8);
  put(boot, 22, 2, 0);
  put(boot, 32, 4, 32 + fatSectors + clusters);
  put(boot, 36, 4, fatSectors);
  put(boot, 40, 4, 0);
  put(boot, 44, 4, 2);
  put(boot, 510, 2, 0xaa55);
  const fat = Buffer.alloc(fatSectors * 512);
  const end = 0x0fffffff;
  fat.writeUInt32LE(end, 8);
  const bundles = 1 + random.below(5);
  const each = Math.min(random.pick([500, 8_000, 32_768]), Math.floor(clusters / (bundles + 1)));
  const stride = 4_099;
  let place = 3;
  const next = () => {
    place = (place + stride) % clusters;
    while (place < 3 || fat.readUInt32LE(place * 4) !== 0) place = (place + 1) % clusters;
    return place;
  };
  const entries: Buffer[] = [];
  for (let bundle = 0; bundle < bundles; bundle++) {
    let cluster = next();
    entries.push(slot(`S${bundle}`.padEnd(8).concat("KBU"), 0x20, cluster, each * 512));
    for (let index = 1; index < each; index++) {
      fat.writeUInt32LE(end, cluster * 4);
      const after = next();
      fat.writeUInt32LE(after, cluster * 4);
      cluster = after;
    }
    fat.writeUInt32LE(end, cluster * 4);
  }
  const root = Buffer.alloc(512);
  Buffer.concat(entries).copy(root);
  return { image: Buffer.concat([boot, fat, root]), size: (32 + fatSectors + clusters) * 512 };
}

const NAMES = Object.keys(FAMILIES);

export function makeHostile(random: Random, bases: readonly Base[]): Hostile {
  const base = random.pick(bases);
  const image = Buffer.from(base.image);
  const family = random.pick(NAMES);
  const done = (FAMILIES[family] as Spoil)(random, base, image) ?? {};
  // Two faults at once now and then: one hides what the other would have met.
  if (!done.image && random.below(4) === 0) {
    const second = random.pick(NAMES.slice(0, 9));
    (FAMILIES[second] as Spoil)(random, base, image);
  }
  const spoiled = done.image ?? image;
  return {
    family,
    base: base.name,
    image: spoiled,
    size: done.size ?? (done.image ? spoiled.length : base.size),
  };
}
