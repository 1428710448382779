import { STICK_LIMITS } from "../limits.ts";
import { Refusal } from "../refusal.ts";
import { type BlockSource, readNew } from "./block.ts";
import type { Place } from "./partition.ts";

/** The measures of a FAT volume; all places in bytes from the beginning of the stick. */
export interface Volume {
  bits: 12 | 16 | 32;
  clusterBytes: number;
  /** Clusters are numbered from 2 to `clusters + 1`. */
  clusters: number;
  fatAt: number;
  fatBytes: number;
  dataAt: number;
  /** The root folder: a fixed place with FAT12 and FAT16, a chain with FAT32. */
  root: { at: number; bytes: number } | { cluster: number };
}

const BOOT = 512;

function refuseUnless(good: boolean, what: string): void {
  if (!good) throw new Refusal("volume", what);
}

/** Reads the boot sector and checks that its numbers fit each other and the place; nothing else is read. */
export function readVolume(source: BlockSource, place: Place): Volume {
  const boot = readNew(source, place.at, BOOT);
  const perSector = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const fats = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const fat16 = boot.readUInt16LE(22);
  const fatSectors = fat16 || boot.readUInt32LE(36);
  refuseUnless(boot.readUInt16LE(510) === 0xaa55, "signature");
  refuseUnless([512, 1024, 2048, 4096].includes(perSector), "sector");
  refuseUnless(perCluster > 0 && (perCluster & (perCluster - 1)) === 0, "cluster");
  const clusterBytes = perSector * perCluster;
  refuseUnless(clusterBytes <= STICK_LIMITS.clusterBytes, "cluster");
  refuseUnless(reserved > 0 && (fats === 1 || fats === 2) && fatSectors > 0, "fat");
  refuseUnless((fat16 === 0) === (rootEntries === 0), "root");
  const rootBytes = rootEntries * 32;
  const dataSector = reserved + fats * fatSectors + Math.ceil(rootBytes / perSector);
  refuseUnless(sectors > dataSector && sectors * perSector <= place.bytes, "size");
  const clusters = Math.floor((sectors - dataSector) / perCluster);
  // Where the table's length stands says which kind it is, as for every system that reads sticks; the count only divides 12 from 16.
  const bits = fat16 === 0 ? 32 : clusters < 4085 ? 12 : 16;
  refuseUnless(clusters > 0 && clusters < (bits === 16 ? 65_525 : 0x0ffffff5), "clusters");
  const fatBytes = fatSectors * perSector;
  refuseUnless(Math.ceil(((clusters + 2) * bits) / 8) <= fatBytes, "fat");
  let active = 0;
  if (bits === 32) {
    const flags = boot.readUInt16LE(40);
    active = (flags & 0x80) === 0 ? 0 : flags & 0x0f;
    refuseUnless(active < fats && boot.readUInt16LE(42) === 0, "version");
  }
  const cluster = boot.readUInt32LE(44);
  refuseUnless(bits !== 32 || (cluster >= 2 && cluster < clusters + 2), "root");
  const rootAt = place.at + (reserved + fats * fatSectors) * perSector;
  return {
    bits,
    clusterBytes,
    clusters,
    fatAt: place.at + reserved * perSector + active * fatBytes,
    fatBytes,
    dataAt: place.at + dataSector * perSector,
    root: bits === 32 ? { cluster } : { at: rootAt, bytes: rootBytes },
  };
}
