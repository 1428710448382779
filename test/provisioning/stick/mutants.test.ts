import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { replyFile } from "../../../provisioning/answer/index.ts";
import * as real from "../../fixtures/stick-parts.ts";
import { suite, type TestContext } from "../../kit.ts";
import { type Edit, importEdited } from "../../support/edited.ts";
import { mustCatch } from "../../support/mutate.ts";
import { addFiles, makeStick, pattern, removeFile } from "../../support/sticks.ts";
import { memoryStick } from "./rig.ts";

const { test, run } = suite("sticks: what each rule is for");

type Parts = typeof real;
const scratch = (t: Pick<TestContext, "after">): string => {
  const at = mkdtempSync("/dev/shm/guichet-mutants-");
  t.after(() => rmSync(at, { recursive: true, force: true }));
  return at;
};

/** A FAT16 stick of two bundles, and the places of their entries in the root folder. */
function twoBundles(t: Pick<TestContext, "after">) {
  const file = join(scratch(t), "stick.img");
  makeStick(
    file,
    { bits: 16, clusterBytes: 512, kib: 4_096 },
    { "A.KBU": pattern(2_000, 3), "B.KBU": pattern(2_000, 5) },
  );
  const image = readFileSync(file);
  const entry = (name: string) => image.indexOf(Buffer.from(`${name.padEnd(8)}KBU`, "latin1"));
  return { image, a: entry("A"), b: entry("B") };
}

/** What the reader says of each file: `ok`, or why not. */
function said({ readInto }: Parts, image: Buffer): string[] {
  const words: string[] = [];
  let at: Buffer = Buffer.alloc(0);
  readInto(memoryStick(image), (bytes) => {
    at = Buffer.from(bytes);
    if (at.length > 5 && at[0] === 0x7b) {
      const message = JSON.parse(at.toString("utf8")) as { say: string; code?: string };
      if (message.say === "done") words.push("ok");
      if (message.say === "refused") words.push(String(message.code));
    }
  });
  return words;
}

async function staged({ stage, StateDisk }: Parts, t: Pick<TestContext, "after">, frames: Buffer[]) {
  const at = join(scratch(t), "staging");
  const result = await stage(
    (async function* () {
      yield* frames;
    })(),
    at,
    new StateDisk(),
  );
  const sizes = result.given.map(({ source }) => source.size);
  await result.discard();
  return { whole: result.whole?.code, sizes };
}

function frame(of: object | Buffer): Buffer {
  const bytes = Buffer.isBuffer(of) ? of : Buffer.from(JSON.stringify(of));
  const head = Buffer.alloc(5);
  head.writeUInt8(Buffer.isBuffer(of) ? 2 : 1);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
const FILE = frame({ say: "file", path: "a.kbundle", size: 3 });
const DONE = frame({ say: "done" });
const END = frame({ say: "end" });

const USB = { servicePort: "1-1", internal: [] };
const usb = (...classes: number[]) => ({
  vendor: "0781",
  product: "5567",
  deviceClass: 0,
  configurations: 1,
  interfaces: classes.map((class_) => ({ class: class_, subclass: 6, protocol: 0x50 })),
});

interface Rule extends Edit {
  name: string;
  scenario: (parts: Parts, t: Pick<TestContext, "after">) => Promise<void>;
}

const RULES: Rule[] = [
  {
    name: "a cluster belongs to one file once",
    file: "fat/chains.ts",
    from: 'if (!this.#seen.add(cluster)) throw new Refusal("crossLinked");',
    to: "this.#seen.add(cluster);",
    scenario: async (parts, t) => {
      const { image, a, b } = twoBundles(t);
      image.copy(image, b + 26, a + 26, a + 28);
      assert.equal(said(parts, image), ["ok", "crossLinked"]);
    },
  },
  {
    name: "a chain is as long as its file",
    file: "fat/chains.ts",
    from: 'if (count > 0 && !this.#isEnd(cluster)) throw new Refusal("chain", "long");',
    to: "",
    scenario: async (parts, t) => {
      const { image, a } = twoBundles(t);
      image.writeUInt32LE(600, a + 28);
      assert.equal(said(parts, image), ["chain", "ok"]);
    },
  },
  {
    name: "a file is not larger than the cap",
    file: "fat/stick.ts",
    from: 'if (entry.size > STICK_LIMITS.fileBytes) throw new Refusal("tooLarge", "file");',
    to: "",
    scenario: async (parts, t) => {
      const { image, a } = twoBundles(t);
      image.writeUInt32LE(0xffffffff, a + 28);
      assert.equal(said(parts, image), ["tooLarge", "ok"]);
    },
  },
  {
    name: "the answer goes only into a file that lies in one piece",
    file: "fat/stick.ts",
    from: "if (chain.some((cluster, index) => cluster !== first + index))",
    to: "if (chain.length === 0)",
    scenario: async ({ openStick }, t) => {
      const file = join(scratch(t), "stick.img");
      makeStick(
        file,
        { bits: 16, clusterBytes: 512, kib: 4_096 },
        { "A.BIN": pattern(1_000, 1), "B.BIN": pattern(1_000, 1) },
      );
      removeFile(file, "A.BIN");
      addFiles(file, { "REPLY.BIN": replyFile() });
      const { reply } = openStick(memoryStick(readFileSync(file)));
      assert.equal(reply, { refused: "reply", what: "scattered" });
    },
  },
  {
    name: "the answer is written over an answer and nothing else",
    file: "stick/reply.ts",
    from: "bytesRead !== REPLY_BYTES || !isReplyFile(there)",
    to: "bytesRead !== REPLY_BYTES",
    scenario: async ({ writeReply }, t) => {
      const file = join(scratch(t), "stick.img");
      writeFileSync(file, Buffer.alloc(100_000, 7));
      await writeReply(file, 0, replyFile("x"));
      assert.ok(readFileSync(file).equals(Buffer.alloc(100_000, 7)));
    },
  },
  {
    name: "no more is copied than was announced",
    file: "stick/staging.ts",
    from: 'if (left < 0) throw stickFault("broken", { what: "longer" });',
    to: "left = Math.max(left, 0);",
    scenario: async (parts, t) => {
      const frames = [FILE, frame(Buffer.alloc(60_000)), DONE, END];
      assert.equal(await staged(parts, t, frames), { whole: "stick.broken", sizes: [] });
    },
  },
  {
    name: "of a stick that was not read to its end nothing is taken",
    file: "stick/staging.ts",
    from: 'if (done) throw stickFault("broken", { what: "ended" });',
    to: 'if (done) return { say: "end" };',
    scenario: async (parts, t) => {
      const { whole } = await staged(parts, t, [FILE, frame(Buffer.from("abc")), DONE]);
      assert.is(whole, "stick.broken");
    },
  },
  {
    name: "nothing comes onto the bus beside storage",
    file: "usb/decide.ts",
    from: "device.interfaces.length === storage.length && ",
    to: "",
    scenario: async ({ decideUsb }) =>
      assert.equal(decideUsb(USB, "1-1", usb(8, 2), true), { admit: false, why: "composite" }),
  },
  {
    name: "nothing comes onto the bus while the door is closed",
    file: "usb/decide.ts",
    from: 'return doorOpen ? { admit: true } : refuse("door");',
    to: "return { admit: true };",
    scenario: async ({ decideUsb }) =>
      assert.equal(decideUsb(USB, "1-1", usb(8), false), { admit: false, why: "door" }),
  },
  {
    name: "nothing comes onto the bus at another port",
    file: "usb/decide.ts",
    from: 'if (!servicePorts(usb).includes(port)) return refuse("place");',
    to: "",
    scenario: async ({ decideUsb }) =>
      assert.equal(decideUsb(USB, "1-2", usb(8), true), { admit: false, why: "place" }),
  },
];

for (const { name, scenario, ...edit } of RULES)
  test(`${name}: without the rule it is caught`, async (t) => {
    await scenario(real, t);
    const changed = await importEdited<Parts>("test/fixtures/stick-parts.ts", [edit]);
    await mustCatch(t, () => scenario(changed, t), 10_000);
  });

run();
