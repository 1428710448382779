import { HostReader } from "../../drivers/bench/dispenser/codec.ts";
import { ModuleReader } from "../../drivers/bench/fingerprint/codec.ts";
import { RequestReader } from "../../drivers/bench/lock/codec.ts";
import { Interpreter } from "../../drivers/bench/printer/interpreter.ts";
import { Crt591Parser } from "../../drivers/dispenser/crt591/parser.ts";
import { Ef01Parser } from "../../drivers/fingerprint/ef01/parser.ts";
import { KerongParser } from "../../drivers/lock/kerong/parser.ts";
import { MjpegParser } from "../../drivers/ports/camera/mjpeg.ts";
import { EscposParser } from "../../drivers/printer/escpos/parser.ts";
import { crt591, ef01, escpos, jpeg, kerong, type Layout } from "./oracle.ts";
import type { Ingredients, Random } from "./streams.ts";

/** One parser of the product or the bench. */
export interface Subject extends Ingredients {
  name: string;
  layout: Layout;
  /** The frames of a right answer, each as text that tells it from others; made from the oracle's bytes. */
  describe(frame: Uint8Array): string | undefined;
  /** A new parser: chunk in, frames out, described the same way. */
  make(): (chunk: Uint8Array) => string[];
  /** In place of the layout, for what has no wrong input: the answer to a whole stream. */
  expect?(stream: Uint8Array): string[];
  /** Single bytes that acknowledge: those found in a chunk, by a new parser. */
  acknowledges?: { byte: number; make(): (chunk: Uint8Array) => number };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const u16 = (value: number) => [value >> 8, value & 0xff];
const sum = (bytes: readonly number[]) => bytes.reduce((a, b) => a + b, 0);

function ef01Frame(random: Random, ids: readonly number[]): Uint8Array {
  const content = random.bytes(1 + (random.below(16) === 0 ? random.below(256) : random.below(12)));
  const body = [random.pick(ids), ...u16(content.length + 2), ...content];
  return Uint8Array.of(0xef, 0x01, 0xff, 0xff, 0xff, 0xff, ...body, ...u16(sum(body) & 0xffff));
}
const EF01 = {
  alphabet: [0xef, 0x01, 0xff, 0x00, 0x02, 0x03, 0x07, 0x08, 0x55],
  starts: [[0xef], [0xef, 0x01], [0xef, 0x01, 0xff, 0xff, 0xff, 0xff, 0x07, 0x01, 0x02], [0xef, 0xef, 0x01]],
};
const withSum = (bytes: readonly number[]) => Uint8Array.of(...bytes, sum(bytes) & 0xff);
const KERONG = {
  alphabet: [0x02, 0x03, 0x00, 0x10, 0x30, 0x31, 0x35, 0x37, 0x39, 0xff],
  starts: [[0x02], [0x02, 0x00, 0x35], [0x02, 0x02, 0x02], [0x02, 0x10, 0x35, 0x02, 0x00, 0x35]],
};
/** Lengths of each request, the shortest first: a whole one is one, whatever follows. */
const REQUESTS = new Map([
  [0x30, [5]],
  [0x31, [5]],
  [0x32, [5]],
  [0x33, [5]],
  [0x37, [5, 7]],
  [0x39, [6]],
]);

function crtFrame(random: Random, head: number, shortest: number): Uint8Array {
  const text = [
    head,
    ...random.bytes(shortest - 1 + (random.below(16) === 0 ? random.below(300) : random.below(10))),
  ];
  const frame = [0xf2, random.below(16), ...u16(text.length), ...text, 0x03];
  return Uint8Array.of(
    ...frame,
    frame.reduce((a, b) => a ^ b, 0),
  );
}
const CRT = {
  alphabet: [0xf2, 0x03, 0x06, 0x15, 0x04, 0x00, 0x43, 0x4e, 0x50],
  starts: [[0xf2], [0xf2, 0x00], [0xf2, 0x00, 0x00, 0x06, 0x50], [0xf2, 0xf2, 0x00, 0x03, 0xff]],
};

function interpret(): (chunk: Uint8Array) => string[] {
  const interpreter = new Interpreter("gb18030");
  let bytes: number[] = [];
  return (chunk) => {
    bytes.push(...chunk);
    const steps: string[] = [];
    for (;;) {
      const next = interpreter.next(bytes);
      if (!next) return steps;
      if (next.used <= 0) throw new Error("stands still");
      bytes = bytes.slice(next.used);
      if (next.step) steps.push(JSON.stringify(next.step));
    }
  };
}

export const PARSERS: Subject[] = [
  {
    name: "fingerprint.ef01 driver",
    layout: ef01([1, 2, 7, 8], 256),
    ...EF01,
    frame: (random) => ef01Frame(random, [2, 7, 8]),
    describe: hex,
    make: () => {
      const parser = new Ef01Parser();
      return (chunk) =>
        parser.push(chunk).packets.map(({ address, id, content }) => {
          const body = [id, ...u16(content.length + 2), ...content];
          const head = Buffer.alloc(6);
          head.writeUInt16BE(0xef01);
          head.writeUInt32BE(address, 2);
          return hex(Uint8Array.of(...head, ...body, ...u16(sum(body) & 0xffff)));
        });
    },
  },
  {
    name: "fingerprint.ef01 simulator",
    layout: ef01([1, 2, 8], 298),
    ...EF01,
    frame: (random) => ef01Frame(random, [1, 2, 8]),
    // A packet for another module is cut out and told to nobody.
    describe: (frame) =>
      frame.subarray(2, 6).every((byte) => byte === 0xff)
        ? `${frame[6]} ${hex(frame.subarray(9, -2))}`
        : undefined,
    make: () => {
      const reader = new ModuleReader(() => 0xffffffff);
      const ids = { command: 1, data: 2, lastData: 8 };
      return (chunk) => reader.feed(chunk).packets.map(({ kind, body }) => `${ids[kind]} ${hex(body)}`);
    },
  },
  {
    name: "lock.kerong driver",
    layout: kerong((command) => (command === 0x35 ? [9] : [5])),
    ...KERONG,
    frame: (random) => withSum([0x02, random.below(256), 0x35, ...random.bytes(4), 0x03]),
    // A frame of five bytes is an echo: it is cut out and told to nobody.
    describe: (frame) =>
      frame.length === 9 ? hex(frame.subarray(3, 7)) + ((frame[1] ?? 0) >> 4) : undefined,
    make: () => {
      const parser = new KerongParser();
      return (chunk) =>
        parser.push(chunk).statuses.map(({ board, latchBits, itemBits }) => {
          const bytes = [latchBits & 0xff, latchBits >> 8, itemBits & 0xff, itemBits >> 8];
          return hex(Uint8Array.from(bytes)) + board;
        });
    },
  },
  {
    name: "lock.kerong simulator",
    layout: kerong((command) => REQUESTS.get(command) ?? []),
    ...KERONG,
    frame: (random) => {
      const command = random.pick([0x30, 0x31, 0x32, 0x33, 0x37, 0x39]);
      const data = random.bytes((random.pick(REQUESTS.get(command) ?? [5]) ?? 5) - 5);
      return withSum([0x02, random.below(256), command, ...data, 0x03]);
    },
    describe: (frame) => hex(frame.subarray(1, -2)),
    make: () => {
      const reader = new RequestReader();
      return (chunk) =>
        reader
          .push(chunk)
          .map(({ board, lock, command, data }) => hex(Uint8Array.of((board << 4) | lock, command, ...data)));
    },
  },
  {
    name: "dispenser.crt591 driver",
    acknowledges: {
      byte: 0x06,
      make: () => {
        const parser = new Crt591Parser();
        return (chunk) => parser.push(chunk).incoming.filter(({ kind }) => kind === "ack").length;
      },
    },
    layout: crt591(
      new Map([
        [0x43, 3],
        [0x50, 6],
        [0x4e, 5],
        [0x45, 5],
      ]),
      1_018,
      15,
    ),
    ...CRT,
    frame: (random) => (random.below(2) ? crtFrame(random, 0x50, 6) : crtFrame(random, 0x4e, 5)),
    // A command that comes back is an echo.
    describe: (frame) =>
      frame[4] === 0x43 ? undefined : hex(frame.subarray(1, 2)) + hex(frame.subarray(5, -2)),
    make: () => {
      const parser = new Crt591Parser();
      return (chunk) =>
        parser.push(chunk).incoming.flatMap((one) => {
          if (one.kind !== "reply") return [];
          const { address, cm, pm, data } = one.reply;
          const said = one.reply.ok ? one.reply.st0 + one.reply.st1 + one.reply.st2 : one.reply.error;
          return [hex(Uint8Array.of(address, cm, pm, ...Buffer.from(said, "latin1"), ...data))];
        });
    },
  },
  {
    name: "dispenser.crt591 simulator",
    acknowledges: {
      byte: 0x06,
      make: () => {
        const reader = new HostReader();
        return (chunk) => reader.push(chunk).filter((said) => said === "ack").length;
      },
    },
    layout: crt591(new Map([[0x43, 3]]), 515, 255),
    ...CRT,
    frame: (random) => crtFrame(random, 0x43, 3),
    describe: (frame) => hex(frame.subarray(1, 2)) + hex(frame.subarray(5, -2)),
    make: () => {
      const reader = new HostReader();
      return (chunk) =>
        reader.push(chunk).flatMap((said) => {
          if (typeof said === "string") return [];
          const { address, command, parameter, data } = said.request;
          return [hex(Uint8Array.of(address, command, parameter, ...data))];
        });
    },
  },
  {
    name: "printer.escpos driver",
    layout: escpos,
    alphabet: [0x37, 0x22, 0x25, 0x00, 0x12, 0x16, 0x10, 0x0f, 0x41, 0x1e],
    starts: [[0x37], [0x37, 0x22], [0x37, 0x22, 0x41, 0x42], [0x37, 0x25], [0x10], [0x10, 0x00]],
    frame: (random) => {
      const word = [0x37, 0x22, ...Array.from({ length: 4 }, () => 0x41 + random.below(26)), 0x00];
      return Uint8Array.from(random.pick([word, [0x37, 0x25, 0x00], [0x12 + 4 * random.below(4)]]));
    },
    // A status that nobody asked for is let pass.
    describe: (frame) => (frame.length === 4 ? undefined : hex(frame)),
    make: () => {
      const parser = new EscposParser();
      return (chunk) =>
        parser.push(chunk).map((said) => {
          if (said.kind === "done") return `3722${hex(Buffer.from(said.word, "latin1"))}00`;
          return said.kind === "discarded" ? "372500" : hex(Uint8Array.of(said.byte));
        });
    },
  },
  {
    name: "printer.escpos simulator",
    layout: { ...escpos, longest: 0 },
    alphabet: [0x1b, 0x1c, 0x1d, 0x28, 0x6b, 0x48, 0x56, 0x0a, 0x41, 0x61, 0x31, 0x50, 0x03, 0x00],
    starts: [[0x1d, 0x28, 0x6b, 0x06, 0x00], [0x1b], [0x1d, 0x28], [0x1d, 0x56, 0x42]],
    frame: (random) => Uint8Array.of(0x41 + random.below(26), ...random.pick([[0x0a], [0x1d, 0x56, 0x00]])),
    describe: hex,
    // Every byte is something to a printer: it must be the same however the bytes were cut.
    expect: (stream) => interpret()(stream),
    make: interpret,
  },
  {
    name: "camera.libcamera driver",
    layout: jpeg,
    alphabet: [0xff, 0xd8, 0xd9, 0xda, 0x00, 0x02, 0xd0, 0xfe],
    starts: [
      [0xff],
      [0xff, 0xd8],
      [0xff, 0xd8, 0xff],
      [0xff, 0xd8, 0xff, 0xfe, 0x00, 0x08],
      [0xff, 0xd8, 0xff, 0xda, 0x00, 0x02],
    ],
    frame: (random) => {
      const segment = random.bytes(random.below(12));
      const scan = random
        .bytes(random.below(20))
        .flatMap((value) => (value === 0xff ? [0xff, 0x00] : [value]));
      return Uint8Array.of(
        ...[0xff, 0xd8, 0xff, 0xfe, ...u16(segment.length + 2), ...segment],
        ...[0xff, 0xda, 0x00, 0x02, ...scan, 0xff, 0xd9],
      );
    },
    describe: hex,
    make: () => {
      const parser = new MjpegParser();
      return (chunk) => parser.push(chunk).map(hex);
    },
  },
];
