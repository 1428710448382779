import { type Clock, systemClock } from "../../kit/index.ts";
import type { WireLine } from "../line.ts";
import { matchScore, templateOf } from "../templates.ts";
import type { Finger, Simulator, World } from "../world.ts";
import { type Incoming, ModuleReader, moduleSays } from "./codec.ts";
import { pack, ridges } from "./ridges.ts";

/** What the line or the module can do wrong with its answers. */
export type FingerFault = "ok" | "noReply" | "late" | "duplicate" | "badSum" | "junk" | "split" | "reset";

export interface FingerprintSimulator extends Simulator {
  /** @param count answers that are affected; without it until set to ok */
  setFault(fault: FingerFault, count?: number): void;
  /** Pages of the module's library that hold a template now: for tests that nothing stays behind. */
  library(): number[];
  /** Cuts the module's own power: what is not in its flash is gone. */
  powerCycle(): void;
  /** Whether an image or features of a person are in its memory now. */
  remembers(): boolean;
}

interface Options {
  world: World;
  device: string;
  profile: "r503" | "zfm";
  line: WireLine;
  address: number;
  clock?: Clock;
  /** Holds each byte for 10 bits at this rate, as a real line does; without it bytes go out at once. */
  paceBaud?: number;
}

const SAME_FINGER = 60;
const LATE_MS = 2_000;

const MODELS = {
  r503: { width: 192, height: 192, template: 1536, pages: 200, buffersIgnored: true, bootByte: true },
  zfm: { width: 256, height: 288, template: 512, pages: 162, buffersIgnored: false, bootByte: false },
} as const;

/** A module of the EF01 family that feels the finger which the plant lays on it. */
export function startFingerprintSimulator(options: Options): FingerprintSimulator {
  const { world, device, line } = options;
  const clock = options.clock ?? systemClock;
  const model = MODELS[options.profile];
  const stopped = new AbortController();
  // what a module keeps without power
  const flash = {
    address: options.address,
    password: 0,
    sizeCode: 2,
    baud: 6,
    security: 3,
    pages: new Map<number, Buffer>(),
  };
  // what it forgets
  let image: Finger | undefined;
  let buffers = new Map<number, Buffer>();
  let receiving: { buffer: number; parts: Buffer[] } | undefined;
  let captures = 0;
  let passwordShown = false;
  let fault: FingerFault = "ok";
  let left = Number.POSITIVE_INFINITY;
  let out = Promise.resolve();
  const reader = new ModuleReader(() => flash.address);
  const slot = (buffer: number) => (model.buffersIgnored ? 1 : buffer);

  function send(bytes: Uint8Array, afterMs = 0): void {
    out = out.then(async () => {
      const pace = options.paceBaud ? (bytes.length * 10_000) / options.paceBaud : 0;
      if (afterMs + pace > 0) await clock.sleep(afterMs + pace, stopped.signal);
      if (!stopped.signal.aborted && world.attached(device)) line.send(bytes);
    });
  }

  function say(type: 2 | 7 | 8, body: Uint8Array): void {
    const bytes = moduleSays(flash.address, type, body);
    const how = fault;
    if (how !== "ok" && --left <= 0) fault = "ok";
    switch (how) {
      case "noReply":
        return;
      case "late":
        return send(bytes, LATE_MS);
      case "duplicate":
        send(bytes);
        return send(bytes);
      case "badSum":
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
        return send(bytes);
      case "junk":
        return send(Buffer.concat([Buffer.from([0x55, 0x00, 0xff, 0xef, 0x01]), bytes]));
      case "split":
        for (const byte of bytes) send(Buffer.from([byte]));
        return;
      case "reset":
        boot();
        return;
      default:
        return send(bytes);
    }
  }

  const ack = (code: number, ...data: number[]) => say(7, Buffer.from([code, ...data]));

  function stream(data: Buffer): void {
    const size = 32 << flash.sizeCode;
    for (let at = 0; at < data.length; at += size)
      say(at + size >= data.length ? 8 : 2, data.subarray(at, at + size));
  }

  function boot(): void {
    image = undefined;
    buffers = new Map();
    receiving = undefined;
    passwordShown = false;
    if (model.bootByte) send(Buffer.from([0x55]), 50);
  }

  const be16 = (value: number): [number, number] => [value >> 8, value & 255];

  function features(buffer: number): void {
    if (!image) return ack(0x15);
    if (image.condition === "wet") return ack(0x06);
    if (image.condition === "dry" || image.condition === "light") return ack(0x07);
    captures++;
    buffers.set(slot(buffer), Buffer.from(templateOf(image.seed, model.template, captures)));
    ack(0x00);
  }

  function search(body: Buffer): void {
    const own = buffers.get(slot(body[1] ?? 1));
    const first = body.readUInt16BE(2);
    for (let page = first; own && page < first + body.readUInt16BE(4); page++) {
      const stored = flash.pages.get(page);
      const score = stored ? matchScore(own, stored) : 0;
      if (score >= SAME_FINGER) return ack(0x00, ...be16(page), ...be16(score));
    }
    ack(0x09, 0, 0, 0, 0);
  }

  const commands: Record<number, (body: Buffer) => void> = {
    1: () => {
      const finger = world.finger(device);
      if (!finger) return ack(0x02);
      image = { ...finger };
      ack(0x00);
    },
    2: (body) => features(body[1] ?? 1),
    3: () => {
      const [a, b] = [buffers.get(1), buffers.get(2)];
      const score = a && b ? matchScore(a, b) : 0;
      if (score >= SAME_FINGER) ack(0x00, ...be16(score));
      else ack(0x08, 0, 0);
    },
    4: search,
    5: () => ack(buffers.has(1) ? 0x00 : 0x0a),
    6: (body) => {
      const own = buffers.get(slot(body[1] ?? 1));
      const page = body.readUInt16BE(2);
      if (page >= model.pages) return ack(0x0b);
      if (!own) return ack(0x0a);
      flash.pages.set(page, own);
      ack(0x00);
    },
    7: (body) => {
      const stored = flash.pages.get(body.readUInt16BE(2));
      if (!stored) return ack(0x0c);
      buffers.set(slot(body[1] ?? 1), stored);
      ack(0x00);
    },
    8: (body) => {
      const own = buffers.get(slot(body[1] ?? 1));
      if (!own) return ack(0x0d);
      ack(0x00);
      stream(own);
    },
    9: (body) => {
      receiving = { buffer: slot(body[1] ?? 1), parts: [] };
      ack(0x00);
    },
    10: () => {
      if (!image) return ack(0x0f);
      const shown = image;
      ack(0x00);
      stream(pack(ridges(shown, model.width, model.height)));
    },
    12: (body) => {
      const first = body.readUInt16BE(1);
      for (let page = first; page < first + body.readUInt16BE(3); page++) flash.pages.delete(page);
      ack(0x00);
    },
    13: () => {
      flash.pages.clear();
      ack(0x00);
    },
    14: (body) => {
      ack(0x00);
      if (body[1] === 6) flash.sizeCode = body[2] ?? 2;
      if (body[1] === 4) flash.baud = body[2] ?? 6;
    },
    15: () =>
      ack(
        0x00,
        0,
        0,
        0,
        9,
        ...be16(model.pages),
        ...be16(flash.security),
        ...Buffer.from(u32(flash.address)),
        ...be16(flash.sizeCode),
        ...be16(flash.baud),
      ),
    18: (body) => {
      flash.password = body.readUInt32BE(1);
      ack(0x00);
    },
    19: (body) => {
      passwordShown = body.readUInt32BE(1) === flash.password;
      ack(passwordShown ? 0x00 : 0x13);
    },
    20: () => ack(0x00, ...Buffer.from(templateOf(Buffer.from("random"), 4, captures))),
    21: (body) => {
      flash.address = body.readUInt32BE(1);
      ack(0x00);
    },
    29: () => ack(0x00, ...be16(flash.pages.size)),
    31: (body) => {
      const table = new Uint8Array(32);
      const first = (body[1] ?? 0) * 256;
      for (const page of flash.pages.keys()) {
        const bit = page - first;
        if (bit >= 0 && bit < 256) table[bit >> 3] = (table[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
      ack(0x00, ...table);
    },
    53: () => ack(options.profile === "r503" ? 0x00 : 0x01),
    60: () => {
      if (options.profile !== "r503") return ack(0x01);
      const info = Buffer.alloc(46);
      info.write("R503", 0, "latin1");
      info.write("BENCH001", 20, "latin1");
      info.set([1, 4], 28);
      ack(0x00, ...info);
    },
    61: () => {
      if (options.profile !== "r503") return ack(0x01);
      ack(0x00);
      boot();
    },
  };

  function take({ kind, body }: Incoming): void {
    if (kind === "command") {
      receiving = undefined;
      const run = commands[body[0] ?? 0];
      if (flash.password !== 0 && !passwordShown && body[0] !== 19) return ack(0x21);
      if (run) run(body);
      else ack(options.profile === "r503" ? 0xfc : 0x01);
      return;
    }
    if (!receiving) return;
    receiving.parts.push(Buffer.from(body));
    if (kind === "lastData") {
      buffers.set(receiving.buffer, Buffer.concat(receiving.parts));
      receiving = undefined;
    }
  }

  line.onBytes((chunk) => {
    if (stopped.signal.aborted || !world.attached(device)) return;
    const { packets, bad } = reader.feed(chunk);
    for (let i = 0; i < bad; i++) ack(0x01);
    for (const packet of packets) take(packet);
  });
  boot();

  return {
    setFault(next, count = Number.POSITIVE_INFINITY) {
      fault = next;
      left = count;
    },
    library: () => [...flash.pages.keys()],
    powerCycle: boot,
    remembers: () => image !== undefined || buffers.size > 0,
    stop: async () => {
      stopped.abort();
      await out;
    },
  };
}

function u32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
