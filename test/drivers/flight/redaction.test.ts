import * as assert from "uvu/assert";
import type { WireLine } from "../../../drivers/bench/index.ts";
import { type AnyEntry, type AnyModule, seeded } from "../../../drivers/conformance/index.ts";
import type { Fingerprint, Prompt } from "../../../drivers/contract/index.ts";
import { entriesAfter } from "../../../drivers/flight/format.ts";
import { frameLine } from "../../../runtime/diagnostics/command/frames.ts";
import { suite } from "../../kit.ts";
import { changedDriver } from "../../support/changed-driver.ts";
import { type FlightRig, flightRig } from "../../support/flights.ts";

const { test, run } = suite("redaction");
const FORMAT = "ef01-r503-1536";

/** Bytes that occur nowhere else: of every eight of them it can be told where they come from. */
function marked(length: number, seed: number): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

interface Seen {
  /** Contents of data packets as they went over the wire. */
  data: Uint8Array[];
}

/** The module's data packets with marked contents, right checksums, and what is done to them on the way. */
function markedEntry(entry: AnyEntry, seen: Seen, damage: Damage): AnyEntry {
  const mark = (line: WireLine): WireLine => ({
    onBytes: (listener) => line.onBytes(listener),
    send: (bytes) => {
      const packet = Buffer.from(bytes);
      const isData = packet[0] === 0xef && (packet[6] === 2 || packet[6] === 8);
      if (!isData) return line.send(bytes);
      const content = marked(packet.length - 11, 1_000 + seen.data.length);
      packet.set(content, 9);
      packet.writeUInt16BE(
        packet.subarray(6, -2).reduce((sum, byte) => (sum + byte) & 0xffff, 0),
        packet.length - 2,
      );
      line.send(damage(packet, seen.data.length));
      seen.data.push(content);
    },
  });
  return { ...entry, start: (bench) => entry.start({ ...bench, line: mark(bench.line) }) };
}

interface Leak {
  capture: number;
  file: number;
}

/** How many 8-byte windows of `secrets` are in what a capture shows, and in the file of the recorder. */
async function leaks(rig: FlightRig, secrets: readonly Uint8Array[]): Promise<Leak> {
  const trace = rig.tap.trace(rig.role);
  assert.ok(trace);
  const lines = trace.lines.map(({ name }) => name);
  const shown = entriesAfter(trace, 0).map((frame) => ({
    line: frameLine({ ...frame, wall: 0, mono: frame.at }, lines),
    json: JSON.stringify(frame),
  }));
  const [file = ""] = (await rig.flights()).slice(-1);
  assert.ok(file.length > 500, "there is a file");
  const windows = new Set<string>();
  for (const secret of secrets)
    for (let at = 0; at + 8 <= secret.length; at++)
      windows.add(Buffer.from(secret.subarray(at, at + 8)).toString("hex"));
  const count = (text: string): number => {
    let found = 0;
    for (let at = 0; at + 16 <= text.length; at++) if (windows.has(text.slice(at, at + 16))) found++;
    return found;
  };
  /** As it stands, and with everything but hex digits left out: a window may be torn over two frames. */
  const both = (text: string): number =>
    count(text.toLowerCase()) + count(text.toLowerCase().replaceAll(/[^0-9a-f]/g, ""));
  const hexOf = (json: string): string => /"hex":"([0-9a-f]*)"/.exec(json)?.[1] ?? "";
  return {
    capture:
      both(shown.map(({ line }) => line.replace(/^.*host {2}|^.*device {2}/, "")).join("")) +
      both(shown.map(({ json }) => hexOf(json)).join("")),
    file: both(file) + both(file.split("\n").map(hexOf).join("")),
  };
}

type Damage = (packet: Buffer, index: number) => Uint8Array;
const WHOLE: Damage = (packet) => packet;

/** Loses one byte of some packets. */
const without =
  (at: number): Damage =>
  (packet, index) =>
    index % 7 === 3 ? Buffer.concat([packet.subarray(0, at), packet.subarray(at + 1)]) : packet;

/** Takes an image and a template from the module, gives it a template, and loses it: its recording is written. */
async function visit(options: {
  redacted: boolean;
  damage?: Damage;
  module?: AnyModule;
  fault?: (rig: FlightRig) => void;
}) {
  const seen: Seen = { data: [] };
  const rig = await flightRig("fingerprint.ef01", {
    entry: (entry) => markedEntry(entry, seen, options.damage ?? WHOLE),
    module: (own) => (options.redacted ? (options.module ?? own) : { create: own.create }),
  });
  try {
    await rig.until(() => rig.host.lifecycle === "ready");
    options.fault?.(rig);
    await rig.run("capture", "the right index");
    rig.line.disarm();
    await rig.until(() => rig.host.lifecycle === "ready");
    const template = marked(1_536, 77);
    await rig.run("capture", "the right index");
    await rig.until(() => rig.host.lifecycle === "ready");
    await rig.host.use("capture", 60_000, (verbs) =>
      (verbs as Fingerprint).verify(
        { template, templateFormat: FORMAT },
        { signal: new AbortController().signal, userTimeMs: 5_000, prompt: (_: Prompt) => undefined },
      ),
    );
    rig.unplug();
    await rig.until(() => rig.host.status().fitness.state === "failed");
    const secrets = [...seen.data, template];
    assert.ok(seen.data.length > 100, `${seen.data.length} data packets passed`);
    return await leaks(rig, secrets);
  } finally {
    await rig.stop();
  }
}

test("without redaction image and template are in capture and file: the search finds them", async () => {
  const { capture, file } = await visit({ redacted: false });
  assert.ok(capture > 1_000, `${capture} windows`);
  assert.ok(file > 1_000, `${file} windows`);
});

test("no eight bytes of image or template are in a capture or in a recorder's file", async () => {
  assert.equal(await visit({ redacted: true }), { capture: 0, file: 0 });
});

test("nor when a packet's head is damaged or lost, byte by byte, or its packet id looks like an answer's", async () => {
  for (let at = 0; at < 9; at++)
    assert.equal(
      await visit({ redacted: true, damage: without(at) }),
      { capture: 0, file: 0 },
      `byte ${at} lost`,
    );
  const asAnswer = (packet: Buffer, index: number) => {
    if (index % 5 === 2) packet[6] = 7;
    return packet;
  };
  assert.equal(await visit({ redacted: true, damage: asAnswer }), { capture: 0, file: 0 });
});

test("a redaction that believes every head lets some through", async () => {
  const module = await changedDriver("fingerprint.ef01", [
    {
      file: "fingerprint/ef01/redaction.ts",
      from: "strict ? proven(data, keep) : plain(data, keep)",
      to: "plain(data, keep)",
    },
  ]);
  assert.equal(await visit({ redacted: true, module }), { capture: 0, file: 0 }, "of whole packets none");
  const { capture, file } = await visit({ redacted: true, module, damage: without(1) });
  assert.ok(capture > 100 && file > 100);
});

test("nor when it arrives in pieces, late, twice, torn, or when the process began in the midst of it", async () => {
  const FOREVER = Number.POSITIVE_INFINITY;
  const faults = [
    { fault: "bytewise" },
    { fault: "split", at: 8 },
    { fault: "split", at: 40 },
    { fault: "duplicateReply" },
    { fault: "truncated", at: 60 },
    { fault: "badChecksum" },
  ] as const;
  for (const what of faults) {
    const fault = (rig: FlightRig) =>
      rig.line.arm({ what, from: 3, times: what.fault === "bytewise" ? 40 : FOREVER });
    assert.equal(await visit({ redacted: true, fault }), { capture: 0, file: 0 }, JSON.stringify(what));
  }
  // The rest of an image that another process asked for, before the first answer.
  const stray = marked(20_000, 5);
  const rig = await flightRig("fingerprint.ef01", {
    entry: (entry) => ({
      ...entry,
      start: (bench) => {
        bench.line.send(stray);
        const sim = entry.start(bench);
        for (let at = 0; at < stray.length; at += 61) bench.line.send(stray.subarray(at, at + 61));
        return sim;
      },
    }),
  });
  try {
    await rig.until(() => rig.host.lifecycle === "ready");
    rig.unplug();
    await rig.until(() => rig.host.status().fitness.state === "failed");
    assert.equal(await leaks(rig, [stray]), { capture: 0, file: 0 });
  } finally {
    await rig.stop();
  }
});

test("nothing that is printed and no number of a card is kept", async () => {
  const printer = await flightRig("printer.escpos");
  try {
    await printer.until(() => printer.host.lifecycle === "ready");
    await printer.run("print", "there is paper");
    printer.unplug();
    await printer.until(() => printer.host.status().fitness.state === "failed");
    const text = Buffer.from("guichet:effect-0");
    assert.equal(await leaks(printer, [text, Buffer.from("No. effect-0")]), { capture: 0, file: 0 });
    const [file = ""] = await printer.flights();
    assert.match(file, /"hidden":"print","length":\d\d/);
  } finally {
    await printer.stop();
  }
  const dispenser = await flightRig("dispenser.crt591");
  try {
    await dispenser.until(() => dispenser.host.lifecycle === "ready");
    const read = await dispenser.run("identify", "a card is at the reader");
    assert.ok(read.ok);
    dispenser.unplug();
    await dispenser.until(() => dispenser.host.status().fitness.state === "failed");
    const [file = ""] = await dispenser.flights();
    assert.not.ok(file.includes(String(read.value).toLowerCase()), "the number of the card");
    assert.match(file, /"hidden":"item"/);
  } finally {
    await dispenser.stop();
  }
});

run();
