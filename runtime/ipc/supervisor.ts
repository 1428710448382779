import { writeSync } from "node:fs";

/** What a service tells the one who started it: systemd's protocol of `sd_notify(3)`. */
export interface Supervisor {
  /** `READY=1`, `WATCHDOG=1`, `STATUS=…`; a line that cannot be sent is none: systemd then acts as if the service hung. */
  tell(message: string): void;
  /** Within this time it wants to hear `WATCHDOG=1` again, ms; undefined when it does not watch. */
  watchdogMs: number | undefined;
}

/**
 * The supervisor of this process, when it was started by one that listens. Node cannot open a datagram socket of the Unix
 * kind, so systemd connects it and hands it over as the descriptor named `notify` (`OpenFile=`, systemd 253); writing to
 * it costs one system call and no process or package.
 */
export function openSupervisor(env: NodeJS.ProcessEnv = process.env): Supervisor | undefined {
  if (env.LISTEN_PID !== String(process.pid)) return undefined;
  const at = (env.LISTEN_FDNAMES ?? "").split(":").indexOf("notify");
  if (at < 0) return undefined;
  const own = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
  const watchdogMs = own ? Number(env.WATCHDOG_USEC) / 1_000 : Number.NaN;
  return {
    tell: (message) => {
      try {
        writeSync(3 + at, message);
      } catch {
        // Its queue is full or it is being started anew; the next beat says the same.
      }
    },
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
  };
}
