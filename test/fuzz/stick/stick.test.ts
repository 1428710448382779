import { mkdtempSync, rmSync } from "node:fs";
import * as assert from "uvu/assert";
import type { BlockSource } from "../../../provisioning/stick/fat/index.ts";
import { STICK_LIMITS } from "../../../provisioning/stick/limits.ts";
import { readInto } from "../../../provisioning/stick/reader.ts";
import { Refusal } from "../../../provisioning/stick/refusal.ts";
import { suite } from "../../kit.ts";
import { Random } from "../streams.ts";
import { makeBases } from "./bases.ts";
import { type Hostile, makeHostile } from "./hostile.ts";

const { test, run } = suite("hostile sticks, in this process", 120_000);

/** The image, and zeros up to its size. */
const deviceOf = ({ image, size }: Hostile): BlockSource => ({
  read: (at, into) => {
    if (at + into.length > size) throw new Refusal("gone", "end");
    into.fill(0);
    if (at < image.length) image.copy(into, 0, at, Math.min(image.length, at + into.length));
  },
});

test("120 of them are read to an end, within what a stick may hold", (t) => {
  const scratch = mkdtempSync("/dev/shm/guichet-hostile-");
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const bases = makeBases(scratch);
  const random = new Random(11);
  const families = new Map<string, number>();
  for (let n = 0; n < 120; n++) {
    const stick = makeHostile(random, bases);
    families.set(stick.family, (families.get(stick.family) ?? 0) + 1);
    let bytes = 0;
    let last = "";
    readInto(deviceOf(stick), (written) => {
      bytes += written.length;
      last = Buffer.from(written).toString("latin1");
    });
    assert.is(last, '{"say":"end"}', `${n}: ${stick.family}`);
    assert.ok(bytes < STICK_LIMITS.allBytes + 1_000_000, `${n}: ${bytes} bytes`);
  }
  assert.ok(families.size > 12);
});

run();
