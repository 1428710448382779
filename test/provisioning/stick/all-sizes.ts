import { type ResultRow, writeResult } from "../../../tools/results.ts";
import { readsWell } from "./sizes.ts";

/** `make sticks`: every FAT and every cluster size that mkfs.vfat makes, read byte for byte. */
const rows: ResultRow[] = [];
for (const bits of [12, 16, 32] as const) {
  const sizes: number[] = [];
  for (let clusterBytes = 512; clusterBytes <= 65_536; clusterBytes *= 2) {
    readsWell({ bits, clusterBytes });
    sizes.push(clusterBytes);
  }
  rows.push({
    name: `FAT${bits}: cluster sizes read byte for byte, ${sizes[0]} to ${sizes.at(-1)} bytes`,
    value: sizes.length,
    unit: "sizes",
    goal: "8",
    met: sizes.length === 8,
  });
  console.log(`FAT${bits}: ${sizes.join(", ")}`);
}
writeResult("sticks", "make sticks", rows);
