import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { descriptorSource, openStick } from "../../../provisioning/stick/fat/index.ts";
import { addFiles, makeStick, pattern, readFrom, removeFile, type StickShape } from "../../support/sticks.ts";

const FILES: Record<string, Buffer> = {
  "unit.kbundle": pattern(150_001, 3),
  "a name that is longer than any of eight and three would be.kbundle": pattern(65_536, 5),
  "空白.kbundle": pattern(1, 1),
  "none.kbundle": Buffer.alloc(0),
  "kt-01/deeper/THIRD.KBUNDLE": pattern(12_345, 7),
  "REPLY.BIN": pattern(65_536, 9),
};
/** Laid into the hole that a removed file leaves and behind everything else. */
const SCATTERED = pattern(200_000, 11);

/** Makes a stick of this shape with dosfstools and mtools and reads it by the unit's reader. Throws where a byte differs. */
export function readsWell(shape: StickShape): void {
  const folder = mkdtempSync("/dev/shm/guichet-sizes-");
  const image = join(folder, "stick.img");
  let handle: number | undefined;
  try {
    makeStick(image, shape, { "gap.bin": pattern(70_000, 1), ...FILES });
    removeFile(image, "gap.bin");
    addFiles(image, { "scattered.kbundle": SCATTERED });
    handle = openSync(image, "r");
    const { bundles, reply } = openStick(descriptorSource(handle));
    const read = new Map(
      bundles.map(({ path, pieces }) => [
        path,
        Buffer.concat([...pieces()].map((piece) => Buffer.from(piece))),
      ]),
    );
    const { "REPLY.BIN": answer, ...others } = FILES;
    const expected: Record<string, Buffer> = { ...others, "scattered.kbundle": SCATTERED };
    assert.equal([...read.keys()].sort(), Object.keys(expected).sort());
    for (const [name, bytes] of read) assert.ok(expected[name]?.equals(bytes), name);
    assert.ok("at" in reply, JSON.stringify(reply));
    const there = Buffer.alloc(65_536);
    readSync(handle, there, 0, there.length, "at" in reply ? reply.at : -1);
    assert.ok(there.equals(readFrom(image, "REPLY.BIN")));
    assert.ok(answer && there.equals(answer));
  } finally {
    if (handle !== undefined) closeSync(handle);
    rmSync(folder, { recursive: true, force: true });
  }
}
