import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { descriptorSource, openStick } from "../../../provisioning/stick/fat/index.ts";
import { suite } from "../../kit.ts";
import { addFiles, makeStick, pattern, readFrom, removeFile } from "../../support/sticks.ts";

const { test, run } = suite("sticks of every FAT and cluster size", 120_000);

const FILES = {
  "unit.kbundle": pattern(150_001, 3),
  "a name that is longer than any of eight and three would be.kbundle": pattern(65_536, 5),
  "空白.kbundle": pattern(1, 1),
  "none.kbundle": Buffer.alloc(0),
  "kt-01/deeper/THIRD.KBUNDLE": pattern(12_345, 7),
  "REPLY.BIN": pattern(65_536, 9),
};
/** Laid into the hole that a removed file leaves and behind everything else. */
const SCATTERED = pattern(200_000, 11);

for (const bits of [12, 16, 32] as const)
  for (let clusterBytes = 512; clusterBytes <= 65_536; clusterBytes *= 2)
    test(`FAT${bits} with clusters of ${clusterBytes} bytes is read byte for byte`, (t) => {
      const folder = mkdtempSync("/dev/shm/guichet-sizes-");
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const image = join(folder, "stick.img");
      makeStick(image, { bits, clusterBytes }, { "gap.bin": pattern(70_000, 1), ...FILES });
      removeFile(image, "gap.bin");
      addFiles(image, { "scattered.kbundle": SCATTERED });
      const handle = openSync(image, "r");
      t.after(() => closeSync(handle));
      const { bundles, reply } = openStick(descriptorSource(handle));
      const read = new Map(
        bundles.map(({ path, pieces }) => [
          path,
          Buffer.concat([...pieces()].map((piece) => Buffer.from(piece))),
        ]),
      );
      const expected = { ...FILES, "scattered.kbundle": SCATTERED };
      assert.equal(
        [...read.keys()].sort(),
        Object.keys(expected)
          .filter((name) => name !== "REPLY.BIN")
          .sort(),
      );
      for (const [name, bytes] of read)
        assert.ok(bytes.equals(expected[name as keyof typeof expected]), name);
      assert.ok("at" in reply, JSON.stringify(reply));
      const there = Buffer.alloc(65_536);
      readSync(handle, there, 0, there.length, "at" in reply ? reply.at : -1);
      assert.ok(there.equals(readFrom(image, "REPLY.BIN")));
      assert.ok(there.equals(FILES["REPLY.BIN"]));
    });

run();
