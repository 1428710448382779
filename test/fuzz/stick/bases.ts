import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { makeStick, pattern, type StickShape, sizeOf } from "../../support/sticks.ts";

/** A good stick, made by dosfstools and mtools, with the places that the hostile ones are spoiled at. */
export interface Base {
  name: string;
  bits: 12 | 16 | 32;
  /** Its beginning, with all that is in use; the rest up to `size` is a hole. */
  image: Buffer;
  size: number;
  /** Where its volume begins; behind an MBR where this is not 0. */
  at: number;
  fatAt: number;
  fatBytes: number;
  rootAt: number;
  dataAt: number;
  clusterBytes: number;
  clusters: number;
}

/** What lies on every base. */
export const FILES: Readonly<Record<string, Buffer>> = {
  "first.kbundle": pattern(70_001, 3),
  "A long name, with a dot. in it.kbundle": pattern(4_096, 5),
  "empty.kbundle": Buffer.alloc(0),
  "below/deeper/third.kbundle": pattern(12_345, 7),
  "notes.txt": Buffer.from("nothing of interest"),
  "REPLY.BIN": Buffer.alloc(65_536, 0x2e),
};

const KIB = 1024;
const SHAPES: (StickShape & { mbr?: boolean })[] = [
  { bits: 12, clusterBytes: 512, kib: 1_440 },
  { bits: 12, clusterBytes: 4_096, kib: 2_048 },
  { bits: 12, clusterBytes: 65_536, kib: 4_096 },
  { bits: 12, clusterBytes: 2_048, kib: 1_024, mbr: true },
  { bits: 16, clusterBytes: 512, kib: 4_096 },
  { bits: 16, clusterBytes: 1_024, kib: 8_192, mbr: true },
  { bits: 32, clusterBytes: 512 },
  { bits: 32, clusterBytes: 4_096 },
  { bits: 32, clusterBytes: 1_024, mbr: true },
];

export function makeBases(scratch: string): Base[] {
  return SHAPES.map((shape) => makeBase(shape, join(scratch, "base.img")));
}

function makeBase({ mbr = false, ...shape }: (typeof SHAPES)[number], file: string): Base {
  makeStick(file, shape, FILES);
  const { bits, clusterBytes } = shape;
  const bytes = sizeOf(shape) * KIB;
  const boot = beginning(file, 512);
  const at = mbr ? 63 * 512 : 0;
  const fatBytes = (boot.readUInt16LE(22) || boot.readUInt32LE(36)) * 512;
  const rootBytes = boot.readUInt16LE(17) * 32;
  const fatAt = at + boot.readUInt16LE(14) * 512;
  const afterTables = fatAt + fatBytes * boot.readUInt8(16);
  const volume = beginning(file, Math.min(bytes, afterTables - at + rootBytes + KIB * KIB));
  return {
    name: `FAT${bits}, ${clusterBytes} bytes${mbr ? ", MBR" : ""}`,
    bits,
    image: mbr ? Buffer.concat([tableFor(bits, at, bytes), volume]) : volume,
    size: at + bytes,
    at,
    fatAt,
    fatBytes,
    rootAt: afterTables,
    dataAt: afterTables + rootBytes,
    clusterBytes,
    clusters: Math.floor((bytes - (afterTables - at) - rootBytes) / clusterBytes),
  };
}

function beginning(file: string, length: number): Buffer {
  const handle = openSync(file, "r");
  const bytes = Buffer.alloc(length);
  readSync(handle, bytes, 0, length, 0);
  closeSync(handle);
  return bytes;
}

function tableFor(bits: number, at: number, bytes: number): Buffer {
  const table = Buffer.alloc(at);
  table.writeUInt8(bits === 12 ? 0x01 : bits === 16 ? 0x06 : 0x0c, 450);
  table.writeUInt32LE(at / 512, 454);
  table.writeUInt32LE(bytes / 512, 458);
  table.writeUInt16LE(0xaa55, 510);
  return table;
}
