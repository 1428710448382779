import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { ModuleReader, moduleSays } from "../../../drivers/bench/fingerprint/codec.ts";
import { matchScore, templateOf } from "../../../drivers/bench/templates.ts";
import { encodePacket, PACKET, type PacketId } from "../../../drivers/fingerprint/ef01/frame.ts";
import { expandImage } from "../../../drivers/fingerprint/ef01/image.ts";
import { Ef01Parser } from "../../../drivers/fingerprint/ef01/parser.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { suite } from "../../kit.ts";
import { bench, code, context, finger, hex, scripted, seedOf, VECTORS } from "./support.ts";

const { test, run } = suite("ef01");
const packet = (id: PacketId, content: string) =>
  Buffer.from(encodePacket({ address: 0xffffffff, id, content: hex(content) })).toString("hex");

test("every published packet is written and read as printed", () => {
  for (const [id, content, printed] of VECTORS) {
    const whole = `ef01ffffffff${printed.replaceAll(" ", "").toLowerCase()}`;
    assert.is(packet(id, content), whole, content);
    const parsed = new Ef01Parser().push(hex(whole));
    assert.is(parsed.packets.length, 1, content);
    assert.equal(Buffer.from(parsed.packets[0]?.content ?? []), hex(content));
  }
});

test("the simulator reads what a host sends and writes what a module says, as printed", () => {
  for (const [id, content, printed] of VECTORS) {
    const whole = hex(`EF01FFFFFFFF${printed}`);
    if (id === 7) assert.equal(moduleSays(0xffffffff, 7, hex(content)), whole, content);
    else {
      const { packets, bad } = new ModuleReader(() => 0xffffffff).feed(whole);
      assert.is(bad, 0);
      assert.equal(
        packets.map(({ kind, body }) => [kind, body.toString("hex")]),
        [[id === 1 ? "command" : id === 2 ? "data" : "lastData", hex(content).toString("hex")]],
      );
    }
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
  const { simulator, open } = bench(t);
  simulator.state.baud = 12;
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
