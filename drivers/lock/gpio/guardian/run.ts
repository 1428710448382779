import { setPriority } from "node:os";
import { systemClock } from "../../../kit/index.ts";
import type { GpioFactory } from "../../../ports/index.ts";
import { guard } from "./guardian.ts";

/** Signals that end it. A supervisor whose service is killed sends them to everything that is left of it. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR2"] as const;

/** The guardian as a process, on its standard input and output. */
export async function runGuardian(gpio: GpioFactory): Promise<never> {
  const stop = new AbortController();
  try {
    setPriority(-15);
  } catch {
    // Only a privileged process may go before others; the lines are put to rest without it too.
  }
  for (const signal of SIGNALS) process.on(signal, () => stop.abort());
  // Nobody reads it any more when the vault is dead; the lines matter, not the answers.
  process.on("uncaughtException", () => stop.abort());
  const code = await guard({
    gpio,
    clock: systemClock,
    input: process.stdin,
    output: process.stdout,
    stop: stop.signal,
  });
  process.exit(code);
}
