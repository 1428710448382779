import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { startFingerprintSimulator } from "../../../drivers/bench/fingerprint/index.ts";
import { cable } from "../../../drivers/bench/line.ts";
import { matchScore, templateOf } from "../../../drivers/bench/templates.ts";
import type { Finger, World } from "../../../drivers/bench/world.ts";
import {
  type CaptureContext,
  deviceFault,
  type Fingerprint,
  type Prompt,
  type Session,
} from "../../../drivers/contract/index.ts";
import { encodePacket, PACKET, type PacketId } from "../../../drivers/fingerprint/ef01/frame.ts";
import { expandImage } from "../../../drivers/fingerprint/ef01/image.ts";
import { type Ef01Settings, ef01Driver } from "../../../drivers/fingerprint/ef01/index.ts";
import { Ef01Link } from "../../../drivers/fingerprint/ef01/link.ts";
import { Ef01Module } from "../../../drivers/fingerprint/ef01/module.ts";
import { Ef01Parser } from "../../../drivers/fingerprint/ef01/parser.ts";
import { isFault, systemClock } from "../../../drivers/kit/index.ts";
import type { SerialFactory } from "../../../drivers/ports/index.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("ef01");
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const packet = (id: PacketId, content: string) =>
  Buffer.from(encodePacket({ address: 0xffffffff, id, content: hex(content) })).toString("hex");

/** Published packets, from the packet id on: id, length, content, checksum. */
const VECTORS: [PacketId, string, string][] = [
  [1, "13 00000000", "01 0007 13 00000000 001B"],
  [1, "12 12345678", "01 0007 12 12345678 012E"],
  [1, "01", "01 0003 01 0005"],
  [1, "02 01", "01 0004 02 01 0008"],
  [1, "02 02", "01 0004 02 02 0009"],
  [1, "03", "01 0003 03 0007"],
  [1, "04 01 0000 00C8", "01 0008 04 01 0000 00C8 00D6"],
  [1, "05", "01 0003 05 0009"],
  [1, "06 01 0005", "01 0006 06 01 0005 0013"],
  [1, "07 01 0005", "01 0006 07 01 0005 0014"],
  [1, "08 01", "01 0004 08 01 000E"],
  [1, "09 01", "01 0004 09 01 000F"],
  [1, "0A", "01 0003 0A 000E"],
  [1, "0B", "01 0003 0B 000F"],
  [1, "0C 0005 0001", "01 0007 0C 0005 0001 001A"],
  [1, "0D", "01 0003 0D 0011"],
  [1, "0E 06 02", "01 0005 0E 06 02 001C"],
  [1, "0E 04 06", "01 0005 0E 04 06 001E"],
  [1, "0F", "01 0003 0F 0013"],
  [1, "14", "01 0003 14 0018"],
  [1, "15 00000001", "01 0007 15 00000001 001E"],
  [1, "17 00", "01 0004 17 00 001C"],
  [1, "1D", "01 0003 1D 0021"],
  [1, "1F 00", "01 0004 1F 00 0024"],
  [1, "35 01640200", "01 0007 35 01640200 00A4"],
  [1, "35 03000100", "01 0007 35 03000100 0041"],
  [1, "36", "01 0003 36 003A"],
  [1, "3D", "01 0003 3D 0041"],
  [1, "40", "01 0003 40 0044"],
  [1, "30", "01 0003 30 0034"],
  [1, "3C", "01 0003 3C 0040"],
  [7, "00", "07 0003 00 000A"],
  [7, "02", "07 0003 02 000C"],
  [7, "13", "07 0003 13 001D"],
  [7, "21", "07 0003 21 002B"],
  [7, "00 0005 0064", "07 0007 00 0005 0064 0077"],
  [7, "09 0000 0000", "07 0007 09 0000 0000 0017"],
  [7, "00 0078", "07 0005 00 0078 0084"],
  [7, "00 0003", "07 0005 00 0003 000F"],
  [7, `00 0502${"00".repeat(30)}`, `07 0023 00 0502${"00".repeat(30)} 0031`],
  [7, "00 0000 0009 00C8 0003 FFFFFFFF 0002 0006", "07 0013 00 0000 0009 00C8 0003 FFFFFFFF 0002 0006 04F2"],
  [2, "01020304", "02 0006 01020304 0012"],
  [8, "05060708", "08 0006 05060708 0028"],
];

test("every published packet is written and read as printed", () => {
  for (const [id, content, printed] of VECTORS) {
    const whole = `ef01ffffffff${printed.replaceAll(" ", "").toLowerCase()}`;
    assert.is(packet(id, content), whole, content);
    const parsed = new Ef01Parser().push(hex(whole));
    assert.is(parsed.packets.length, 1, content);
    assert.equal(Buffer.from(parsed.packets[0]?.content ?? []), hex(content));
  }
});

test("good packets are found byte by byte and after any junk, and memory stays bounded", () => {
  const good = encodePacket({ address: 0xffffffff, id: PACKET.ack, content: hex("00 0005 0064") });
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 30 }),
          fc.constant(hex("EF01")),
          fc.constant(hex("EF01FFFFFFFF0700")),
        ),
      ),
      fc.integer({ min: 1, max: 40 }),
      (junk, step) => {
        const parser = new Ef01Parser();
        // a junk start may claim up to one packet's length; what comes after it must all be found
        const stream = Buffer.concat([...junk, Buffer.alloc(300), good, good, good]);
        let found = 0;
        for (let at = 0; at < stream.length; at += step)
          found += parser.push(stream.subarray(at, at + step)).packets.length;
        return found >= 3;
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a nibble is a pixel, the high one left", () => {
  assert.equal(expandImage(hex("0F A0")), Uint8Array.from([0, 255, 170, 0]));
});

const seedOf = (n: number) => new Uint8Array(32).fill(n);
const finger = (n: number, condition: Finger["condition"] = "normal"): Finger => ({
  person: "p",
  position: 1,
  seed: seedOf(n),
  condition,
});

/** A simulated module on a cable in memory, with a finger that the test lays on it. */
function bench(t: TestContext, profile: "r503" | "zfm" = "r503") {
  /** `rate` is the one at which the module listens and talks. */
  const state = { finger: null as Finger | null, attached: true, rate: 57_600, sent: [] as string[] };
  const world = { finger: () => state.finger, attached: () => state.attached } as unknown as World;
  const { simulator: wire, driver: own } = cable();
  const simulator = startFingerprintSimulator({
    world,
    device: "finger.front",
    profile,
    line: wire,
    address: 0xffffffff,
  });
  t.after(() => simulator.stop());
  let end: () => void = () => undefined;
  const serial: SerialFactory = async ({ baudRate }) => {
    let gone = false;
    let rate = baudRate;
    const closed = new Promise<void>((resolve) => {
      end = () => {
        gone = true;
        resolve();
      };
    });
    return {
      write: async (bytes) => {
        if (gone) throw deviceFault("absent");
        state.sent.push(Buffer.from(bytes).toString("hex"));
        if (rate === state.rate) own.send(bytes);
      },
      onData: (listener) =>
        own.onBytes((bytes) => listener(rate === state.rate ? bytes : bytes.map((byte) => byte ^ 0x5a))),
      setBaudRate: async (next) => {
        rate = next;
      },
      closed,
      close: async () => end(),
    };
  };
  const settings: Ef01Settings = {
    role: "finger.front",
    port: { path: "/dev/x", baudRate: 57_600 },
    profile,
    address: 0xffffffff,
    reservedPage: 100,
  };
  const open = (over: Partial<Ef01Settings> = {}): Promise<Session<Fingerprint>> =>
    ef01Driver({ ...settings, ...over }, { serial, clock: systemClock }).open(new AbortController().signal);
  return { state, simulator, open, pull: () => end() };
}

function context(
  userTimeMs = 300,
  signal = new AbortController().signal,
): CaptureContext & { prompts: Prompt[] } {
  const prompts: Prompt[] = [];
  return { signal, userTimeMs, prompt: (prompt) => prompts.push(prompt), prompts };
}
const code = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? "ok" : result.error?.code);

for (const profile of ["r503", "zfm"] as const) {
  test(`${profile}: a capture brings image, template and quality; the right finger matches and a wrong one does not`, async (t) => {
    const { state, simulator, open } = bench(t, profile);
    const session = await open();
    await session.recover();
    state.finger = finger(1);
    const prompts = context();
    const captured = await session.verbs.capture({ position: 1, minQuality: 20 }, prompts);
    assert.ok(captured.ok, JSON.stringify(captured));
    const { image, width, height, template, templateFormat, quality } = captured.value;
    assert.is(image.length, width * height);
    assert.ok(quality >= 40, `quality ${quality}`);
    assert.ok(matchScore(template, templateOf(seedOf(1), template.length)) >= 60);
    assert.equal(prompts.prompts, ["place", "working", "lift"]);
    const right = await session.verbs.verify({ template, templateFormat }, context());
    assert.ok(right.ok && right.value.matched);
    assert.equal(simulator.library(), []);
    state.finger = finger(2);
    const wrong = await session.verbs.verify({ template, templateFormat }, context());
    assert.ok(wrong.ok && !wrong.value.matched);
    assert.equal(simulator.library(), []);
    assert.is(
      code(await session.verbs.verify({ template, templateFormat: "other" }, context())),
      "device.invalidParameter",
    );
  });
}

test("bad fingers, no finger and a cancel each get their own answer, and nothing stays on the module", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open();
  for (const condition of ["wet", "dry", "light"] as const) {
    state.finger = finger(3, condition);
    assert.is(
      code(await session.verbs.capture({ position: 1, minQuality: 20 }, context())),
      "device.poorQuality",
      condition,
    );
  }
  state.finger = null;
  assert.is(
    code(await session.verbs.capture({ position: 1, minQuality: 20 }, context(200))),
    "device.timeoutUser",
  );
  const abort = new AbortController();
  const running = session.verbs.verify(
    { template: templateOf(seedOf(1), 1536), templateFormat: "ef01-r503-1536" },
    context(10_000, abort.signal),
  );
  abort.abort();
  assert.is(code(await running), "device.canceled");
  assert.equal(simulator.library(), []);
});

test("recover clears what a former life left behind", async (t) => {
  const { state, simulator, open, pull } = bench(t);
  const first = await open();
  const template = templateOf(seedOf(1), 1536);
  // the power goes while a template lies on the reserved page
  const verifying = first.verbs.verify({ template, templateFormat: "ef01-r503-1536" }, context(60_000));
  while (simulator.library().length === 0) await new Promise((resolve) => setImmediate(resolve));
  pull();
  assert.is(code(await verifying), "device.absent");
  assert.equal(simulator.library(), [100]);
  state.finger = null;
  const second = await open();
  assert.equal(await second.recover(), { templatesCleared: 1 });
  assert.equal(simulator.library(), []);
});

test("noise, split and doubled answers are survived; a bad sum and silence are not taken for an answer", async (t) => {
  const { simulator, open } = bench(t);
  const session = await open();
  for (const fault of ["junk", "split", "duplicate"] as const) {
    simulator.setFault(fault, 1);
    await session.probe();
    await session.probe();
  }
  for (const fault of ["badSum", "noReply", "late"] as const) {
    simulator.setFault(fault, 1);
    const failed = await session.probe().catch((error) => error);
    assert.ok(isFault(failed, "device.noReply"), fault);
  }
  simulator.setFault("ok");
});

test("a late answer is never the next command's", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open();
  simulator.setFault("late", 1);
  const failed = await session.probe().catch((error) => error);
  assert.ok(isFault(failed, "device.noReply"));
  // No finger: the late 00 of the probe, taken for GetImg's answer, would be an image.
  state.finger = null;
  assert.is(
    code(await session.verbs.capture({ position: 1, minQuality: 20 }, context(100))),
    "device.timeoutUser",
  );
});

test("a doubled answer in the midst of 1:1 never makes a match", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open();
  const template = templateOf(seedOf(1), 1536);
  for (const condition of ["wet", "normal"] as const) {
    state.finger = finger(2, condition);
    simulator.setFault("duplicate");
    const result = await session.verbs.verify({ template, templateFormat: "ef01-r503-1536" }, context());
    assert.not(result.ok && result.value.matched, condition);
    simulator.setFault("ok");
  }
});

test("the module is found at whatever rate it was left", async (t) => {
  const { state, open } = bench(t);
  state.rate = 115_200;
  const session = await open();
  await session.probe();
});

test("clearing leaves neither image nor features in the module, and no light on", async (t) => {
  const { state, simulator, open } = bench(t);
  const session = await open();
  state.finger = finger(1);
  assert.is(code(await session.verbs.capture({ position: 1, minQuality: 20 }, context())), "ok");
  assert.ok(simulator.remembers());
  assert.is(code(await session.verbs.clear()), "ok");
  assert.not(simulator.remembers());
  const LIGHT_OFF = "35046002";
  assert.match(state.sent.at(-1) ?? "", LIGHT_OFF);
  state.finger = null;
  await session.verbs.capture({ position: 1, minQuality: 20 }, context(50));
  assert.match(state.sent.at(-1) ?? "", LIGHT_OFF);
});

/** A module on a line that answers each command with the packets that the test gives. */
function scripted(...answers: [address: number, content: string][]): Ef01Module {
  let listener: (bytes: Uint8Array) => void = () => undefined;
  const link = new Ef01Link(
    {
      write: async () => {
        for (const [address, content] of answers)
          listener(encodePacket({ address, id: PACKET.ack, content: hex(content) }));
      },
      onData: (given) => {
        listener = given;
      },
      setBaudRate: async () => undefined,
      closed: new Promise(() => undefined),
      close: async () => undefined,
    },
    systemClock,
    0xffffffff,
  );
  return new Ef01Module(link);
}

test("what another address says is not heard", async () => {
  assert.is(await scripted([1, "00"], [0xffffffff, "02"]).takeImage(), 2);
});

test("a bare 00, or one of another length, is no match", async () => {
  for (const content of ["00", "00 0000", "00 0000 0064 00"]) {
    const failed = await scripted([0xffffffff, content])
      .search(0, 1)
      .catch((error) => error);
    assert.ok(isFault(failed, "device.protocol"), content);
  }
  const failed = await scripted([0xffffffff, "00"])
    .match()
    .catch((error) => error);
  assert.ok(isFault(failed, "device.protocol"));
  assert.equal(await scripted([0xffffffff, "00 0000 0064"]).search(0, 1), { page: 0, score: 100 });
});

test("a page beyond the library and a silent line are told at opening", async (t) => {
  const { state, open } = bench(t);
  const beyond = await open({ reservedPage: 4_000 }).catch((error) => error);
  assert.ok(isFault(beyond, "device.invalidParameter"));
  state.attached = false;
  const silent = await open().catch((error) => error);
  assert.ok(isFault(silent, "device.noReply"));
});

run();
