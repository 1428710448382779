import { deviceFault } from "../../contract/index.ts";
import { type Clock, defer, type Fault } from "../../kit/index.ts";
import type { GpioFactory, GpioLine, GpioOutput } from "../../ports/index.ts";
import { startGuardian } from "./guardian/link.ts";

/** The coils of one device. One is driven at a time. */
export interface Coils {
  /** Resolves when the line is driven; `ended` when it is at rest again. */
  pulse(compartment: number): Promise<{ ended: Promise<void> }>;
  readonly lost: Promise<Fault>;
  /** All lines at rest and let go. */
  close(): Promise<void>;
}

export interface CoilOptions {
  lines: GpioLine[];
  activeLow: boolean;
  pulseMs: number;
  gpio: GpioFactory;
  clock: Clock;
}

/** Coils whose circuit ends a pulse by itself: this process holds the lines. */
export async function oneShotCoils(options: CoilOptions): Promise<Coils> {
  const { clock, pulseMs } = options;
  const outputs: GpioOutput[] = [];
  const closing = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const close = async (): Promise<void> => {
    closing.abort();
    await running;
    await Promise.all(outputs.map((output) => output.close().catch(() => undefined)));
  };
  try {
    for (const line of options.lines)
      outputs.push(await options.gpio.output(line, { activeLow: options.activeLow, initial: 0 }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pulse: async (compartment) => {
      const output = outputs[compartment];
      if (!output) throw deviceFault("invalidParameter", { compartment });
      const time = clock.sleep(pulseMs, closing.signal);
      const began = output.write(1);
      const ended = began
        .then(
          () => time,
          () => undefined,
        )
        .then(() => output.write(0))
        .catch(() => undefined);
      running = ended;
      await began;
      return { ended };
    },
    lost: defer<Fault>().promise,
    close,
  };
}

/**
 * Coils that the guardian holds. Should somebody end the guardian, this process puts the lines to rest itself: it is the
 * one of the two that is left.
 */
export async function guardedCoils(
  options: CoilOptions & { entry: string; signal: AbortSignal },
): Promise<Coils> {
  const { activeLow, pulseMs: maxMs, entry, signal } = options;
  const lines = options.lines.map((line) => ({ line, activeLow }));
  const guardian = await startGuardian({ entry, lines, maxMs, signal });
  let closed = false;
  const lost = guardian.gone.then(async (fault) => {
    if (!closed) await restLines(options);
    return fault;
  });
  return {
    pulse: (compartment) => guardian.pulse(compartment, maxMs),
    lost,
    close: async () => {
      closed = true;
      await guardian.close();
    },
  };
}

/** Puts lines to rest that nobody holds. */
async function restLines({ lines, activeLow, gpio }: CoilOptions): Promise<void> {
  await Promise.all(
    lines.map(async (line) => {
      const output = await gpio.output(line, { activeLow, initial: 0 });
      await output.close();
    }),
  ).catch(() => undefined);
}
