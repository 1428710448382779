import * as assert from "uvu/assert";
import { redaction } from "../../../drivers/fingerprint/ef01/redaction.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { type Ports, type SerialConnection, WireRing, WireTap } from "../../../drivers/ports/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("wire tap");

test("a ring keeps the last records whole and in order, within its limit", () => {
  const ring = new WireRing(4_096);
  const forgotten: number[] = [];
  ring.onForget = ({ sequence }) => forgotten.push(sequence);
  const bytesOf = (i: number) => Uint8Array.from({ length: i % 23 }, (_, at) => (i + at) & 0xff);
  for (let i = 1; i <= 10_000; i++) {
    if (i % 5 === 0)
      ring.push({
        at: i,
        sequence: i,
        from: "device",
        kind: "biometric",
        bytes: new Uint8Array(),
        length: i,
      });
    else
      ring.push({
        at: i / 8,
        sequence: i,
        from: i % 2 ? "host" : "device",
        kind: "shown",
        bytes: bytesOf(i),
        joined: i % 3 === 0,
      });
  }
  const records = ring.records();
  const first = records[0]?.sequence ?? 0;
  assert.equal(
    forgotten,
    Array.from({ length: first - 1 }, (_, i) => i + 1),
  );
  assert.is(records.at(-1)?.sequence, 10_000);
  let size = 0;
  records.forEach((record, index) => {
    const i = first + index;
    assert.is(record.sequence, i);
    size += 16 + record.bytes.length;
    if (i % 5 === 0) {
      assert.is(record.kind, "biometric");
      assert.is(record.length, i);
      return;
    }
    assert.is(record.at, i / 8);
    assert.is(record.from, i % 2 ? "host" : "device");
    assert.is(record.joined, i % 3 === 0);
    assert.is(Buffer.compare(record.bytes, bytesOf(i)), 0);
  });
  assert.ok(size <= 4_096 && size > 2_500, `${size} bytes`);
});

/** Ports with one serial line whose other end is ours. */
function loose(): { ports: Ports; say(bytes: Uint8Array): void; lose(): void; written: Uint8Array[] } {
  let listener: (chunk: Uint8Array) => void = () => undefined;
  let lose: () => void = () => undefined;
  const written: Uint8Array[] = [];
  const ports = {
    serial: async (): Promise<SerialConnection> => ({
      write: async (bytes) => void written.push(bytes),
      onData: (next) => {
        listener = next;
      },
      setBaudRate: async () => undefined,
      closed: new Promise<void>((resolve) => {
        lose = resolve;
      }),
      close: async () => lose(),
    }),
  } as unknown as Ports;
  return { ports, say: (bytes) => listener(bytes), lose: () => lose(), written };
}

const LOCK = { role: "lock.main", port: { path: "/dev/lock", baudRate: 9_600 } };

test("a line is heard both ways, what opened it stays, and other lines are left alone", async () => {
  const { ports, say, lose, written } = loose();
  const tap = new WireTap(systemClock);
  tap.bind(LOCK);
  const tapped = tap.over(ports);
  const line = await tapped.serial({ path: "/dev/lock", baudRate: 9_600 });
  const heard: Uint8Array[] = [];
  line.onData((chunk) => heard.push(chunk));
  await line.write(Uint8Array.of(1, 2));
  say(Uint8Array.of(3));
  for (let i = 0; i < 6_000; i++) say(Uint8Array.of(i & 0xff, i >> 8, 9, 9));
  lose();
  await line.closed;
  const [trace] = tap.trace("lock.main")?.lines ?? [];
  assert.ok(trace);
  const words = trace.opening
    .slice(0, 3)
    .map(({ from, bytes }) => (from === "event" ? Buffer.from(bytes).toString() : `${from} ${[...bytes]}`));
  assert.equal(words, ["opened 9600", "host 1,2", "device 3"]);
  assert.ok(trace.forgotten > 0);
  assert.is(Buffer.from(trace.records.at(-1)?.bytes ?? []).toString(), "lost");
  assert.is(heard.length, 6_001);
  assert.is(written.length, 1);
  const other = await tapped.serial({ path: "/dev/other", baudRate: 9_600 });
  await other.write(Uint8Array.of(7));
  assert.is(tap.trace("other.role"), undefined);
});

test("it adds next to nothing to a frame, also with redaction", async () => {
  const { ports, say } = loose();
  const tap = new WireTap(systemClock);
  tap.bind(
    { role: "finger.front", port: { path: "/dev/finger", baudRate: 57_600 } } as { role: string },
    redaction,
  );
  const line = await tap.over(ports).serial({ path: "/dev/finger", baudRate: 57_600 });
  line.onData(() => undefined);
  // A data packet of 128 bytes, as an image has 288 of.
  const packet = Buffer.alloc(139, 0x5a);
  packet.set([0xef, 0x01, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x82]);
  packet.writeUInt16BE(packet.subarray(6, -2).reduce((sum, byte) => sum + byte, 0) & 0xffff, 137);
  const COUNT = 20_000;
  const took = new Float64Array(COUNT);
  for (let i = 0; i < COUNT; i++) {
    const begun = performance.now();
    say(packet);
    took[i] = performance.now() - begun;
  }
  took.sort();
  const p99 = took[Math.floor(COUNT * 0.99)] ?? 0;
  console.log(
    `a tapped data packet: median ${((took[COUNT / 2] ?? 0) * 1_000).toFixed(1)} us, p99 ${(p99 * 1_000).toFixed(1)} us`,
  );
  assert.ok(p99 < 0.5, `p99 ${p99} ms`);
  const [trace] = tap.trace("finger.front")?.lines ?? [];
  assert.ok(trace?.records.some(({ kind }) => kind === "biometric"));
});

run();
