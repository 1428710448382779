import type { Readable, Writable } from "node:stream";
import { type Clock, isFault } from "../../../kit/index.ts";
import type { GpioFactory, GpioOutput } from "../../../ports/index.ts";
import { MAX_PULSE_MS } from "../configuration.ts";
import { type Answer, byLine, type Hold, type Pulse } from "./protocol.ts";

const MAX_LINES = 16;
/** Wait before a line that could not be put to rest is tried again, ms. */
const AGAIN_MS = 20;
/** So many tries; then the process ends, and with it whatever still held the line. */
const TRIES = 100;

export interface GuardianOptions {
  gpio: GpioFactory;
  clock: Clock;
  /** From the vault; its end is the vault's end. */
  input: Readable;
  output: Writable;
  /** Aborted by a signal to this process. */
  stop: AbortSignal;
}

/**
 * Holds the lines of GPIO locks in place of the vault, and drives one for a pulse when asked. It ends each pulse by its own
 * clock, and puts all lines to rest at once when the vault's end of the pipe closes, when what comes over it makes no
 * sense, and when it is told to stop. Resolves to the exit code: 0 in order, 2 for nonsense, 3 for a line that could not
 * be driven.
 */
export async function guard(options: GuardianOptions): Promise<number> {
  const { gpio, clock, input, output, stop } = options;
  let held: GpioOutput[] | undefined;
  let maxMs = 0;
  let running: Promise<void> | undefined;
  let end: (code: number) => void = () => undefined;
  const over = new AbortController();
  const ended = new Promise<number>((resolve) => {
    end = (code) => {
      over.abort();
      resolve(code);
    };
  });

  const say = (answer: Answer): void => {
    if (!output.destroyed) output.write(`${JSON.stringify(answer)}\n`);
  };

  const rest = async (line: GpioOutput): Promise<boolean> => {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        await line.write(0);
        return true;
      } catch {
        await clock.sleep(AGAIN_MS);
      }
    }
    return false;
  };

  const hold = async (order: Hold): Promise<void> => {
    maxMs = Math.min(order.maxMs, MAX_PULSE_MS);
    const lines: GpioOutput[] = [];
    held = lines;
    try {
      for (const { line, activeLow } of order.hold)
        lines.push(await gpio.output(line, { activeLow, initial: 0 }));
      say({ held: lines.length });
    } catch (error) {
      say({ refused: 0, reason: isFault(error) ? error.code : "device.fault" });
      end(3);
    }
  };

  const pulse = async ({ pulse: id, ms }: Pulse, line: GpioOutput): Promise<void> => {
    try {
      // Before the first byte: from here on the line is at rest again within the limit, whatever becomes of the rest.
      const timer = clock.sleep(ms, over.signal);
      await line.write(1);
      if (!over.signal.aborted) say({ began: id });
      await timer;
    } catch {
      say({ refused: id, reason: "device.fault" });
    }
    if (!(await rest(line))) return end(3);
    say({ ended: id });
  };

  const obey = (text: string): void => {
    const order = parse(text);
    if (!order || over.signal.aborted) return end(2);
    if ("hold" in order) {
      if (held || order.hold.length > MAX_LINES) return end(2);
      void hold(order);
      return;
    }
    const line = held?.[order.line];
    if (!line || order.ms > maxMs) return say({ refused: order.pulse, reason: "device.invalidParameter" });
    // One coil at a time: their supply is made for one.
    if (running) return say({ refused: order.pulse, reason: "device.busy" });
    running = pulse(order, line).finally(() => {
      running = undefined;
    });
  };

  const read = byLine(obey);
  input.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      end(2);
    }
  });
  for (const event of ["end", "close", "error"]) input.once(event, () => end(0));
  output.on("error", () => end(0));
  stop.addEventListener("abort", () => end(0), { once: true });
  if (stop.aborted) end(0);

  const code = await ended;
  await running;
  const rested = await Promise.all((held ?? []).map(rest));
  await Promise.all((held ?? []).map((line) => line.close().catch(() => undefined)));
  return rested.every(Boolean) ? code : 3;
}

const whole = (value: unknown, least: number): value is number =>
  Number.isInteger(value) && (value as number) >= least;

function parse(text: string): Hold | Pulse | undefined {
  let order: Partial<Hold & Pulse>;
  try {
    order = JSON.parse(text) as typeof order;
  } catch {
    return undefined;
  }
  if (typeof order !== "object" || order === null) return undefined;
  if (Array.isArray(order.hold)) {
    const good = order.hold.every(
      ({ line, activeLow }) =>
        typeof line?.chip === "string" && whole(line.offset, 0) && typeof activeLow === "boolean",
    );
    return good && whole(order.maxMs, 1) ? { hold: order.hold, maxMs: order.maxMs } : undefined;
  }
  const { pulse, line, ms } = order;
  return whole(pulse, 1) && whole(line, 0) && whole(ms, 1) ? { pulse, line, ms } : undefined;
}
