import * as assert from "uvu/assert";
import { HostReader, says } from "../../../drivers/bench/dispenser/codec.ts";
import { encodeCommand } from "../../../drivers/dispenser/crt591/frame.ts";
import { Crt591Parser, type Incoming } from "../../../drivers/dispenser/crt591/parser.ts";
import { INIT, kindOf, PROFILES, profileOf } from "../../../drivers/dispenser/crt591/profiles.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("crt591 frames");
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** CM, PM, whole frame, as computed from CRT-591-M001 v1.0; STATUS and the magnetic read were seen on a real unit. */
const COMMANDS: [number, number, string][] = [
  [0x30, 0x33, "F2 00 00 03 43 30 33 03 B2"],
  [0x30, 0x30, "F2 00 00 03 43 30 30 03 B1"],
  [0x30, 0x31, "F2 00 00 03 43 30 31 03 B0"],
  [0x31, 0x30, "F2 00 00 03 43 31 30 03 B0"],
  [0x31, 0x31, "F2 00 00 03 43 31 31 03 B1"],
  [0x32, 0x30, "F2 00 00 03 43 32 30 03 B3"],
  [0x32, 0x31, "F2 00 00 03 43 32 31 03 B2"],
  [0x32, 0x32, "F2 00 00 03 43 32 32 03 B1"],
  [0x32, 0x33, "F2 00 00 03 43 32 33 03 B0"],
  [0x32, 0x39, "F2 00 00 03 43 32 39 03 BA"],
  [0x33, 0x30, "F2 00 00 03 43 33 30 03 B2"],
  [0x33, 0x31, "F2 00 00 03 43 33 31 03 B3"],
  [0x36, 0x37, "F2 00 00 03 43 36 37 03 B0"],
  [0xa2, 0x30, "F2 00 00 03 43 A2 30 03 23"],
  [0xa3, 0x30, "F2 00 00 03 43 A3 30 03 22"],
  [0xa4, 0x30, "F2 00 00 03 43 A4 30 03 25"],
  [0xa5, 0x30, "F2 00 00 03 43 A5 30 03 24"],
];
/** CM, PM, whether good, characters, data, whole frame. */
const REPLIES: [number, number, boolean, string, string, string][] = [
  [
    0x30,
    0x33,
    true,
    "020",
    "CRT-591-M001",
    "F2 00 00 12 50 30 33 30 32 30 43 52 54 2D 35 39 31 2D 4D 30 30 31 03 86",
  ],
  [0x31, 0x30, true, "020", "", "F2 00 00 06 50 31 30 30 32 30 03 94"],
  [0x32, 0x30, true, "120", "", "F2 00 00 06 50 32 30 31 32 30 03 96"],
  [0x32, 0x31, false, "A0", "", "F2 00 00 05 4E 32 31 41 30 03 C8"],
  [0x32, 0x31, false, "B0", "", "F2 00 00 05 4E 32 31 42 30 03 CB"],
  [0x32, 0x31, false, "10", "", "F2 00 00 05 4E 32 31 31 30 03 B8"],
];

test("every command is written as its vector and read by the simulator, whole or byte by byte", () => {
  for (const [cm, pm, text] of COMMANDS) {
    const frame = hex(text);
    assert.equal(Buffer.from(encodeCommand(0, cm, pm, new Uint8Array())), frame);
    for (const chunks of [[frame], [...frame].map((byte) => Buffer.of(byte))]) {
      const reader = new HostReader();
      const found = chunks.flatMap((chunk) => reader.push(chunk));
      assert.equal(found, [{ request: { address: 0, command: cm, parameter: pm, data: Buffer.alloc(0) } }]);
    }
  }
});

test("every answer is written as its vector and read by the driver, cut at every byte", () => {
  for (const [cm, pm, positive, characters, data, text] of REPLIES) {
    const frame = hex(text);
    const request = { address: 0, command: cm, parameter: pm, data: Buffer.alloc(0) };
    assert.equal(says(request, positive, characters, Buffer.from(data)), frame);
    const [st0, st1, st2] = characters;
    const rest = positive ? { ok: true, st0, st1, st2 } : { ok: false, error: characters };
    const reply = { address: 0, cm, pm, ...rest, data: Uint8Array.from(Buffer.from(data)) };
    for (let cut = 0; cut < frame.length; cut++) {
      const parser = new Crt591Parser();
      const got = [
        ...parser.push(frame.subarray(0, cut)).incoming,
        ...parser.push(frame.subarray(cut)).incoming,
      ];
      assert.equal(got.map(plain), [{ kind: "reply", reply }]);
    }
  }
});

const plain = (it: Incoming) =>
  it.kind === "reply" ? { ...it, reply: { ...it.reply, data: Uint8Array.from(it.reply.data) } } : it;

test("a negative head as the specification prints it is read too", () => {
  const frame = hex("F2 00 00 05 45 32 31 41 30 03 C3");
  const { incoming } = new Crt591Parser().push(frame);
  assert.equal(
    incoming.map((it) => it.kind === "reply" && !it.reply.ok && it.reply.error),
    ["A0"],
  );
});

test("a damaged frame is told once, nothing inside of it acknowledges, and the next one is found", () => {
  // The data hold an ACK, a NAK, an EOT and the beginning of another frame.
  const inner = says(
    { address: 0, command: 0xa4, parameter: 0x30, data: Buffer.alloc(0) },
    true,
    "020",
    hex("06 15 04 F2 00 00 06 50 03"),
  );
  const good = hex("F2 00 00 06 50 31 30 30 32 30 03 94");
  for (let at = 0; at < inner.length; at++) {
    if (at === 3) continue; // a longer length waits for bytes that silence ends
    const bad = Buffer.from(inner);
    bad[at] = (bad[at] ?? 0) ^ 0x08;
    const parser = new Crt591Parser();
    const kinds = parser.push(Buffer.concat([bad, good])).incoming.map(({ kind }) => kind);
    assert.is(kinds.filter((kind) => kind === "reply").length, 1, `byte ${at}`);
    assert.is(kinds.at(-1), "reply");
    if (at > 4) assert.equal(kinds, ["damaged", "reply"], `byte ${at}`);
  }
});

test("a frame that never ends is given up after silence, and what it hid is found", () => {
  const parser = new Crt591Parser();
  const good = hex("F2 00 00 06 50 31 30 30 32 30 03 94");
  assert.equal(parser.push(Buffer.concat([hex("F2 00 01 00 50 06"), good])).incoming, []);
  assert.ok(parser.pending);
  assert.equal(
    parser.expire().incoming.map(({ kind }) => kind),
    ["damaged", "reply"],
  );
  assert.not(parser.pending);
  assert.equal(parser.expire(), { incoming: [], junk: 0 });
});

test("random junk before a frame never hides it for longer than until silence", () => {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const good = hex("F2 00 00 06 50 31 30 30 32 30 03 94");
  const likely = [0xf2, 0x00, 0x03, 0x50, 0x06, 0x15, 0x4e];
  for (let i = 0; i < 5_000; i++) {
    const junk = Buffer.from(
      Array.from({ length: Math.floor(random() * 40) }, () =>
        random() < 0.6 ? (likely[Math.floor(random() * likely.length)] ?? 0) : Math.floor(random() * 256),
      ),
    );
    const parser = new Crt591Parser();
    const found = [...parser.push(Buffer.concat([junk, good])).incoming, ...parser.expire().incoming];
    assert.ok(
      found.some((it) => it.kind === "reply" && it.reply.cm === 0x31 && it.reply.ok && it.reply.st1 === "2"),
      junk.toString("hex"),
    );
  }
});

test("what nobody has classified counts as motion, and the same opcode is told apart by its model", () => {
  const { m001, r02 } = PROFILES;
  assert.is(kindOf(INIT, m001), "repeatable");
  for (const pm of [0x30, 0x31, 0x34, 0x35, 0x37]) assert.is(kindOf({ cm: 0x30, pm }, m001), "motion");
  for (let pm = 0x30; pm < 0x40; pm++) assert.is(kindOf({ cm: 0x32, pm }, m001), "motion");
  assert.is(kindOf({ cm: 0x77, pm: 0x30 }, r02), "motion");
  assert.is(kindOf({ cm: 0x33, pm: 0x30 }, m001), "motion");
  assert.is(kindOf({ cm: 0x33, pm: 0x30 }, r02), "once");
  assert.is(kindOf({ cm: 0x33, pm: 0x31 }, m001), "once");
  assert.is(kindOf({ cm: 0x33, pm: 0x31 }, r02), "motion");
  assert.is(profileOf("CRT-591-M001", ""), "m001");
  assert.is(profileOf("CRT-591-V1.00", "C591_R02_A_170413"), "r02");
  assert.is(profileOf("CRT-591-V1.00", ""), undefined);
});

run();
