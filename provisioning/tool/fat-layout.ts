/**
 * A fresh FAT volume with a few files, each in one piece: what the operator's tool writes onto a stick. A unit never does.
 * Structures after Microsoft's FAT specification 1.03.
 */
export interface VolumeFile {
  name: string;
  bytes: Uint8Array;
}

/** Bytes and the place where they belong. */
export interface Piece {
  at: number;
  bytes: Buffer;
}

const SECTOR = 512;
const SLOT = 32;
const ROOT_SLOTS = 512;
const GIB = 2 ** 30;
const MEDIA = 0xf8;

interface Shape {
  bits: 16 | 32;
  sectors: number;
  perCluster: number;
  reserved: number;
  fatSectors: number;
  rootSectors: number;
  clusters: number;
}

/** FAT16 up to 1 GiB, above it FAT32. */
function shapeFor(bytes: number): Shape {
  const sectors = Math.min(Math.floor(bytes / SECTOR), 0xffffffff);
  const bits = bytes <= GIB ? 16 : 32;
  const reserved = bits === 16 ? 8 : 32;
  const rootSectors = bits === 16 ? (ROOT_SLOTS * SLOT) / SECTOR : 0;
  const most = bits === 16 ? 65_000 : 16_000_000;
  for (let perCluster = bits === 16 ? 1 : 8; ; perCluster *= 2) {
    const roughly = Math.floor((sectors - reserved - rootSectors) / perCluster);
    if (roughly > most && perCluster < 64) continue;
    const fatSectors = Math.ceil(((roughly + 2) * bits) / 8 / SECTOR);
    const clusters = Math.floor((sectors - reserved - rootSectors - 2 * fatSectors) / perCluster);
    return { bits, sectors, perCluster, reserved, fatSectors, rootSectors, clusters };
  }
}

/** Smallest volume that is FAT16 by every system's rule. */
export const SMALLEST_VOLUME = 4 * 2 ** 20;

/**
 * Lays out a whole volume. The files lie in one piece each, in their order.
 * @param bytes size of the stick
 * @returns everything that has to be written; undefined when the files do not fit
 */
export function layOut(bytes: number, files: readonly VolumeFile[], serial: number): Piece[] | undefined {
  const shape = shapeFor(bytes);
  const { bits, perCluster, reserved, fatSectors, rootSectors, clusters } = shape;
  const clusterBytes = perCluster * SECTOR;
  const entryBytes = bits / 8;
  const end = bits === 16 ? 0xffff : 0x0fffffff;
  const fat = Buffer.alloc(fatSectors * SECTOR);
  const set = (cluster: number, value: number) => fat.writeUIntLE(value, cluster * entryBytes, entryBytes);
  set(0, end - 0xff + MEDIA);
  set(1, end);
  let next = 2;
  const allocate = (length: number): number => {
    const count = Math.ceil(length / clusterBytes);
    if (count === 0) return 0;
    const first = next;
    for (; next < first + count; next++) {
      if (next >= clusters + 2) return -1;
      set(next, next === first + count - 1 ? end : next + 1);
    }
    return first;
  };
  const slots = files.reduce((sum, { name }) => sum + 2 + Math.ceil(name.length / 13), 1);
  if (bits === 16 && slots > ROOT_SLOTS) return undefined;
  const rootBytes =
    bits === 16 ? rootSectors * SECTOR : Math.ceil((slots * SLOT) / clusterBytes) * clusterBytes;
  if (bits === 32) allocate(rootBytes);
  const dataAt = (reserved + 2 * fatSectors + rootSectors) * SECTOR;
  const placeOf = (cluster: number) => dataAt + (cluster - 2) * clusterBytes;
  const folder = [label()];
  const pieces: Piece[] = [];
  for (const [index, { name, bytes: content }] of files.entries()) {
    const cluster = allocate(content.length);
    if (cluster < 0) return undefined;
    folder.push(...entriesFor(name, index, cluster, content.length));
    pieces.push({ at: placeOf(cluster), bytes: Buffer.from(content) });
  }
  const root = Buffer.alloc(rootBytes);
  Buffer.concat(folder).copy(root);
  const fatAt = reserved * SECTOR;
  return [
    { at: 0, bytes: reservedSectors(shape, serial, next) },
    { at: fatAt, bytes: fat },
    { at: fatAt + fat.length, bytes: fat },
    { at: bits === 16 ? fatAt + 2 * fat.length : placeOf(2), bytes: root },
    ...pieces.filter((piece) => piece.bytes.length > 0),
  ];
}

function reservedSectors(shape: Shape, serial: number, next: number): Buffer {
  const all = Buffer.alloc(shape.reserved * SECTOR);
  const boot = bootSector(shape, serial);
  boot.copy(all);
  if (shape.bits === 16) return all;
  const information = Buffer.alloc(SECTOR);
  information.writeUInt32LE(0x41615252, 0);
  information.writeUInt32LE(0x61417272, 484);
  information.writeUInt32LE(shape.clusters + 2 - next, 488);
  information.writeUInt32LE(next, 492);
  information.writeUInt32LE(0xaa550000, 508);
  information.copy(all, SECTOR);
  boot.copy(all, 6 * SECTOR);
  information.copy(all, 7 * SECTOR);
  return all;
}

function bootSector(shape: Shape, serial: number): Buffer {
  const { bits, sectors, perCluster, reserved, fatSectors } = shape;
  const boot = Buffer.alloc(SECTOR);
  boot.set([0xeb, bits === 16 ? 0x3c : 0x58, 0x90]);
  boot.write("GUICHET ", 3, "latin1");
  boot.writeUInt16LE(SECTOR, 11);
  boot.writeUInt8(perCluster, 13);
  boot.writeUInt16LE(reserved, 14);
  boot.writeUInt8(2, 16);
  boot.writeUInt16LE(bits === 16 ? ROOT_SLOTS : 0, 17);
  boot.writeUInt16LE(bits === 16 && sectors < 0x10000 ? sectors : 0, 19);
  boot.writeUInt8(MEDIA, 21);
  boot.writeUInt16LE(bits === 16 ? fatSectors : 0, 22);
  boot.writeUInt16LE(63, 24);
  boot.writeUInt16LE(255, 26);
  if (bits === 32 || sectors >= 0x10000) boot.writeUInt32LE(sectors, 32);
  let at = 36;
  if (bits === 32) {
    boot.writeUInt32LE(fatSectors, 36);
    boot.writeUInt32LE(2, 44);
    boot.writeUInt16LE(1, 48);
    boot.writeUInt16LE(6, 50);
    at = 64;
  }
  boot.writeUInt8(0x80, at);
  boot.writeUInt8(0x29, at + 2);
  boot.writeUInt32LE(serial >>> 0, at + 3);
  boot.write(`${LABEL}FAT${bits}   `, at + 7, "latin1");
  boot.writeUInt16LE(0xaa55, 510);
  return boot;
}

const LABEL = "GUICHET    ";
function label(): Buffer {
  const slot = Buffer.alloc(SLOT);
  slot.write(LABEL, "latin1");
  slot.writeUInt8(0x08, 11);
  return slot;
}

/** 1 January 2026, so that the same files make the same stick. */
const DATE = ((2026 - 1980) << 9) | (1 << 5) | 1;

/** The slots of a file: its long name, last part first, and a short one that is nobody else's. */
function entriesFor(name: string, index: number, cluster: number, size: number): Buffer[] {
  const plain = /^[A-Z0-9_-]{1,8}\.[A-Z0-9]{1,3}$/.test(name);
  const [stem = "", extension = ""] = plain ? name.split(".") : [`BUNDL~${index + 1}`, "KBU"];
  const short = Buffer.alloc(SLOT);
  short.write(stem.padEnd(8) + extension.padEnd(3), "latin1");
  short.writeUInt8(0x20, 11);
  for (const at of [16, 18, 24]) short.writeUInt16LE(DATE, at);
  short.writeUInt16LE(cluster >>> 16, 20);
  short.writeUInt16LE(cluster & 0xffff, 26);
  short.writeUInt32LE(size, 28);
  return plain ? [short] : [...longName(name, short), short];
}

function longName(name: string, short: Buffer): Buffer[] {
  let sum = 0;
  for (const byte of short.subarray(0, 11)) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  const units = Buffer.from(name, "utf16le");
  const count = Math.ceil(name.length / 13);
  return Array.from({ length: count }, (_, index) => {
    const order = count - index;
    const text = Buffer.alloc(26, 0xff);
    const part = units.subarray((order - 1) * 26, order * 26);
    part.copy(text);
    if (part.length < 26) text.writeUInt16LE(0, part.length);
    const slot = Buffer.alloc(SLOT);
    slot.writeUInt8(order | (index === 0 ? 0x40 : 0));
    slot.writeUInt8(0x0f, 11);
    slot.writeUInt8(sum, 13);
    text.copy(slot, 1, 0, 10);
    text.copy(slot, 14, 10, 22);
    text.copy(slot, 28, 22, 26);
    return slot;
  });
}
