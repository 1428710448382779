import { matchScore, templateOf } from "../templates.ts";
import type { Finger } from "../world.ts";
import { pack, ridges } from "./ridges.ts";
import type { ModuleState } from "./state.ts";

export interface ModuleTools {
  ack(code: number, ...data: number[]): void;
  /** Data packets to the host, the last one marked. */
  stream(data: Buffer): void;
  finger(): Finger | null;
  restart(): void;
}

const SAME_FINGER = 60;
export const be16 = (value: number): [number, number] => [(value >> 8) & 255, value & 255];
const be32 = (value: number): number[] => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const text = (words: string): Buffer => {
  const out = Buffer.alloc(32);
  out.write(words, "latin1");
  return out;
};

/** Features of the image into a buffer; the confirmation code. */
export function makeFeatures(state: ModuleState, buffer: number): number {
  const { image } = state;
  if (!image) return 0x15;
  if (image.condition === "wet") return 0x06;
  if (image.condition === "dry" || image.condition === "light") return 0x07;
  state.captures++;
  state.buffers.set(
    state.slot(buffer),
    Buffer.from(templateOf(image.seed, state.templateBytes, state.captures)),
  );
  return 0x00;
}

/** The first page in a range that a buffer matches. */
export function find(state: ModuleState, buffer: number, first: number, count: number) {
  const own = state.buffers.get(state.slot(buffer));
  for (let page = first; own && page < Math.min(first + count, state.model.pages); page++) {
    const stored = state.pages.get(page);
    const score = stored ? matchScore(own, stored) : 0;
    if (score >= SAME_FINGER) return { page, score };
  }
  return undefined;
}

/** What each command does, by its code. `body` begins with the code. */
export function commandsOf(
  state: ModuleState,
  { ack, stream, finger, restart }: ModuleTools,
): Record<number, (body: Buffer) => void> {
  const { flash, pages, model, notepad } = state;
  const capture = () => {
    const seen = finger();
    // The frame buffer holds what was seen last, a finger or none.
    state.image = seen ? { ...seen } : undefined;
    ack(seen ? 0x00 : 0x02);
  };
  const search = (body: Buffer) => {
    const found = find(state, body[1] ?? 1, body.readUInt16BE(2), body.readUInt16BE(4));
    state.passed = found !== undefined;
    if (found) ack(0x00, ...be16(found.page), ...be16(found.score));
    else ack(0x09, 0, 0, 0, 0);
  };
  const receive = (into: number | "image") => {
    state.receiving = { into, parts: [] };
    ack(0x00);
  };
  const set: Record<number, (value: number) => boolean> = {
    4: (value) => {
      if (value < 1 || value > 12) return false;
      flash.baud = value;
      if (!state.quirks.rateNeedsPower) state.baud = value;
      return true;
    },
    5: (value) => {
      if (value < 1 || value > 5) return false;
      flash.security = value;
      return true;
    },
    6: (value) => {
      if (value > 3) return false;
      flash.sizeCode = value;
      return true;
    },
  };
  return {
    1: capture,
    2: (body) => ack(makeFeatures(state, body[1] ?? 1)),
    3: () => {
      const [a, b] = [state.buffers.get(1), state.buffers.get(2)];
      const score = a && b ? matchScore(a, b) : 0;
      state.passed = score >= SAME_FINGER;
      if (state.passed) ack(0x00, ...be16(score));
      else ack(0x08, 0, 0);
    },
    4: search,
    5: () => ack(state.buffers.has(1) ? 0x00 : 0x0a),
    6: (body) => {
      const own = state.buffers.get(state.slot(body[1] ?? 1));
      const page = body.readUInt16BE(2);
      if (page >= model.pages) return ack(0x0b);
      if (!own) return ack(0x0a);
      pages.set(page, own);
      ack(0x00);
    },
    7: (body) => {
      const page = body.readUInt16BE(2);
      const stored = pages.get(page);
      if (!stored) return ack(page >= model.pages ? 0x0b : 0x0c);
      state.buffers.set(state.slot(body[1] ?? 1), stored);
      ack(0x00);
    },
    8: (body) => {
      const own = state.buffers.get(state.slot(body[1] ?? 1));
      if (!own) return ack(0x0d);
      ack(0x00);
      stream(own);
    },
    9: (body) => receive(state.slot(body[1] ?? 1)),
    10: () => {
      if (!state.image) return ack(0x0f);
      const shown = pack(ridges(state.image, model.width, model.height));
      ack(0x00);
      stream(shown);
    },
    11: () => receive("image"),
    12: (body) => {
      const first = body.readUInt16BE(1);
      if (first >= model.pages) return ack(0x0b);
      for (let page = first; page < first + body.readUInt16BE(3); page++) pages.delete(page);
      ack(0x00);
    },
    13: () => {
      pages.clear();
      ack(0x00);
    },
    14: (body) => {
      const [, number = 0, value = 0] = body;
      const change = set[number];
      if (!change) return ack(0x1a);
      // The confirmation still goes out as the module was.
      const { baud } = state;
      const fits = state.quirks.stuck?.includes(number) || change(value);
      const after = state.baud;
      state.baud = baud;
      ack(fits ? 0x00 : 0x1b);
      state.baud = after;
    },
    15: () =>
      ack(
        0x00,
        ...be16(state.status()),
        ...be16(9),
        ...be16(model.pages),
        ...be16(flash.security),
        ...be32(flash.address),
        ...be16(flash.sizeCode),
        ...be16(flash.baud),
      ),
    18: (body) => {
      flash.password = body.readUInt32BE(1);
      ack(0x00);
    },
    19: (body) => {
      state.passwordShown = body.readUInt32BE(1) === flash.password;
      ack(state.passwordShown ? 0x00 : 0x13);
    },
    20: () => ack(0x00, ...templateOf(Buffer.from("random"), 4, ++state.captures)),
    21: (body) => {
      flash.address = body.readUInt32BE(1);
      ack(0x00);
    },
    22: () => {
      ack(0x00);
      stream(Buffer.alloc(512, model.name));
    },
    23: () => ack(0x00),
    24: (body) => {
      const own = notepad[body[1] ?? 16];
      if (!own || body.length !== 34) return ack(0x1c);
      own.set(body.subarray(2));
      ack(0x00);
    },
    25: (body) => {
      const own = notepad[body[1] ?? 16];
      if (own) ack(0x00, ...own);
      else ack(0x1c);
    },
    27: search,
    29: () => ack(0x00, ...be16(pages.size)),
    31: (body) => {
      const table = new Uint8Array(32);
      const first = (body[1] ?? 0) * 256 - (state.quirks.indexShift ?? 0);
      for (const page of pages.keys()) {
        const bit = page - first;
        if (bit >= 0 && bit < 256) table[bit >> 3] = (table[bit >> 3] ?? 0) | (1 << (bit & 7));
      }
      ack(0x00, ...table);
    },
    40: () => {
      capture();
    },
    53: (body) => {
      const [, control = 0, speed = 0, colour = 0, count = 0] = body;
      if (control < 1 || control > 6 || colour < 1 || colour > 7) return ack(0x01);
      state.light = { control, speed, colour, count };
      ack(0x00);
    },
    54: () => ack(0x00),
    57: () => ack(0x00, ...text("BENCH ALGORITHM 1")),
    58: () => ack(0x00, ...text("BENCH FIRMWARE 1.4")),
    60: () => {
      const info = Buffer.alloc(46);
      info.write(model.name, 0, "latin1");
      info.write("BENCH001", 20, "latin1");
      info.set([1, 4], 28);
      info.writeUInt16BE(model.width, 38);
      info.writeUInt16BE(model.height, 40);
      info.writeUInt16BE(state.templateBytes, 42);
      info.writeUInt16BE(model.pages, 44);
      ack(0x00, ...info);
    },
    61: () => {
      ack(0x00);
      restart();
    },
    64: () => ack(0x00),
    80: () => ack(0x00),
    81: () => ack(0x00),
    82: () => {
      // Without its light an optical sensor sees nothing.
      state.image = undefined;
      ack(0x02);
    },
    83: () => ack(0x55),
  };
}
