import { execFileSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { replyFile } from "../../../provisioning/answer/index.ts";
import { descriptorSource, openStick } from "../../../provisioning/stick/fat/index.ts";
import { layOut } from "../../../provisioning/tool/fat-layout.ts";
import { Agent } from "../../../runtime/provisioner/index.ts";
import { writeReply } from "../../../runtime/provisioner/stick/reply.ts";
import { suite, type TestContext } from "../../kit.ts";
import { board, content, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { pattern, readFrom } from "../../support/sticks.ts";
import { tool } from "../../support/tool.ts";

const { test, run } = suite("sticks that the tool writes");
const owner = new Owner();
const MIB = 2 ** 20;

function folder(t: TestContext): string {
  const at = mkdtempSync("/dev/shm/guichet-write-");
  t.after(() => rmSync(at, { recursive: true, force: true }));
  return at;
}

const check = (image: string): string => execFileSync("fsck.vfat", ["-n", "-v", image], { encoding: "utf8" });

for (const mib of [4, 64, 1_024, 1_025, 64_000])
  test(`a volume of ${mib} MiB is good for dosfstools, mtools and the unit's reader`, (t) => {
    const image = join(folder(t), "stick.img");
    const files = {
      "a bundle with a long name, longer than thirteen characters.kbundle": pattern(100_001, 3),
      "none.kbundle": Buffer.alloc(0),
      "thirteen.kbdl": pattern(513, 5),
      "REPLY.BIN": replyFile(),
    };
    const pieces = layOut(
      mib * MIB,
      Object.entries(files).map(([name, bytes]) => ({ name, bytes })),
      0x12345678,
    );
    assert.ok(pieces);
    const handle = openSync(image, "w+");
    t.after(() => closeSync(handle));
    ftruncateSync(handle, mib * MIB);
    for (const { at, bytes } of pieces) writeSync(handle, bytes, 0, bytes.length, at);
    assert.match(check(image), mib > 1_024 ? /32 bit entries/ : /16 bit entries/);
    for (const [name, bytes] of Object.entries(files)) assert.ok(readFrom(image, name).equals(bytes), name);
    const { bundles, reply } = openStick(descriptorSource(handle));
    assert.equal(
      bundles.map(({ path, size }) => [path, size]),
      Object.entries(files)
        .filter(([name]) => name.endsWith(".kbundle"))
        .map(([name, bytes]) => [name, bytes.length]),
    );
    assert.ok("at" in reply);
  });

test("what does not fit is not begun", () => {
  assert.is(layOut(4 * MIB, [{ name: "A.BIN", bytes: Buffer.alloc(5 * MIB) }], 1), undefined);
  const many = Array.from({ length: 300 }, (_, n) => ({ name: `${n}.kbundle`, bytes: Buffer.alloc(1) }));
  assert.is(layOut(4 * MIB, many, 1), undefined);
});

test("an image is written, a unit answers into it, and the tool reads the answer back", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  writeFileSync(file("claim.kbundle"), signed(owner, content("claim")));
  writeFileSync(file("content"), signed(owner, content("content")));
  const words = await tool.good(
    "write",
    file("claim.kbundle"),
    file("content"),
    "--to",
    file("stick.img"),
    "--size",
    "16",
  );
  assert.match(words, /image of 16 MiB with 3 files/);
  assert.is(statSync(file("stick.img")).size, 16 * MIB);
  assert.ok(statSync(file("stick.img")).blocks * 512 < MIB, "the rest is a hole");
  assert.ok(readFrom(file("stick.img"), "content.kbundle").equals(readFileSync(file("content"))));
  assert.is((await tool("read", file("stick.img"))).code, "bundle.noAnswer");

  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const handle = openSync(file("stick.img"), "r");
  const { reply } = openStick(descriptorSource(handle));
  closeSync(handle);
  assert.ok("at" in reply);
  assert.is(
    await writeReply(file("stick.img"), "at" in reply ? reply.at : 0, await agent.reply()),
    undefined,
  );
  assert.match(await tool.good("read", file("stick.img")), /board-7/);
  assert.match(check(file("stick.img")), /5 files|4 files/);
});

test("every mistake is explained, and nothing is written over", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  writeFileSync(file("claim.kbundle"), signed(owner, content("claim")));
  writeFileSync(file("there.img"), "something");
  const write = (...more: string[]) => tool("write", file("claim.kbundle"), ...more);
  assert.is((await write("--to", file("there.img"))).code, "provision.exists");
  assert.is(readFileSync(file("there.img"), "utf8"), "something");
  assert.is((await write("--to", file("new.img"), "--size", "3")).code, "provision.bad");
  assert.is((await write("--to", join(at, "none", "new.img"))).code, "provision.cannotWrite");
  assert.is(
    (await tool("write", file("claim.kbundle"), file("claim.kbundle"), "--to", at)).code,
    "provision.exists",
  );
  writeFileSync(file("junk.img"), Buffer.alloc(2 * MIB, 1));
  assert.is((await tool("read", file("junk.img"))).code, "stick.noFat");
});

run();
