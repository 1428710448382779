import { Refusal } from "../refusal.ts";
import { type BlockSource, readNew } from "./block.ts";

const SECTOR = 512;
const TABLE_AT = 446;
/** FAT12, FAT16 small, FAT16, FAT32, FAT32 and FAT16 by logical addresses. */
const FAT_TYPES: ReadonlySet<number> = new Set([0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e]);
const PROTECTIVE = 0xee;

/** Where the one volume of a stick begins, and how many bytes it may be; unbounded where the whole stick is it. */
export interface Place {
  at: number;
  bytes: number;
}

/** Finds the volume: the whole stick, or the only FAT partition of an MBR. Extended partitions are not looked into. */
export function findVolume(source: BlockSource): Place {
  const first = readNew(source, 0, SECTOR);
  const foreign = foreignSystem(first);
  if (foreign) throw new Refusal("noFat", foreign);
  if (looksLikeFat(first)) return { at: 0, bytes: Number.MAX_SAFE_INTEGER };
  if (first.readUInt16LE(510) !== 0xaa55) throw new Refusal("noFat", "signature");
  const found: Place[] = [];
  for (let index = 0; index < 4; index++) {
    const row = TABLE_AT + index * 16;
    const type = first.readUInt8(row + 4);
    if (type === PROTECTIVE) throw new Refusal("gpt");
    const [start, sectors] = [first.readUInt32LE(row + 8), first.readUInt32LE(row + 12)];
    if (FAT_TYPES.has(type) && start > 0 && sectors > 0)
      found.push({ at: start * SECTOR, bytes: sectors * SECTOR });
  }
  const [only, ...more] = found;
  if (!only) throw new Refusal("noFat", "partition");
  if (more.length > 0) throw new Refusal("manyVolumes");
  const system = foreignSystem(readNew(source, only.at, SECTOR));
  if (system) throw new Refusal("noFat", system);
  return only;
}

/** Systems that sticks come with and that are not read; named so that a person knows what to do. */
function foreignSystem(sector: Buffer): string | undefined {
  const label = sector.toString("latin1", 3, 11);
  if (label === "EXFAT   ") return "exfat";
  return label === "NTFS    " ? "ntfs" : undefined;
}

/** A boot sector of FAT and not a partition table: both end with the same two bytes. */
function looksLikeFat(sector: Buffer): boolean {
  const jump = sector.readUInt8(0);
  const perSector = sector.readUInt16LE(11);
  const perCluster = sector.readUInt8(13);
  const media = sector.readUInt8(21);
  return (
    (jump === 0xeb || jump === 0xe9) &&
    [512, 1024, 2048, 4096].includes(perSector) &&
    perCluster > 0 &&
    (perCluster & (perCluster - 1)) === 0 &&
    (media === 0xf0 || media >= 0xf8)
  );
}
