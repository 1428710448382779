import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { deviceFault } from "../../../contract/index.ts";
import { type Deferred, defer, type Fault } from "../../../kit/index.ts";
import type { GpioLine } from "../../../ports/index.ts";
import { type Answer, byLine, type Order } from "./protocol.ts";

/** The guardian beside this module: its source while developing, its bundle in a unit. */
export const defaultGuardian = (): string =>
  fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./guardian.mjs", import.meta.url));

export interface GuardianLink {
  /** Resolves when the line is driven, and tells when it is at rest again. Rejects when it was not driven. */
  pulse(line: number, ms: number): Promise<{ ended: Promise<void> }>;
  /** Resolves when the guardian is gone: it never is before `close`, unless somebody ended it. */
  readonly gone: Promise<Fault>;
  /** Lets it put its lines to rest and end. */
  close(): Promise<void>;
}

/**
 * Starts a guardian for these lines. It is a process group of its own, so that what is sent to this one does not reach it,
 * and lives until this process has closed its end of the pipe, which the kernel does for one that was killed.
 * Rejects with a Fault when the lines cannot be held.
 */
export async function startGuardian(options: {
  entry: string;
  lines: { line: GpioLine; activeLow: boolean }[];
  maxMs: number;
  signal: AbortSignal;
}): Promise<GuardianLink> {
  const loader = options.entry.endsWith(".ts")
    ? ["--import", createRequire(import.meta.url).resolve("tsx")]
    : [];
  const child = spawn(process.execPath, [...loader, options.entry], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
  });
  const held = defer<void>();
  const pulses = new Map<number, { began: Deferred<void>; ended: Deferred<void> }>();
  let next = 1;
  let over = false;
  const hear = (answer: Answer): void => {
    if ("held" in answer) return held.resolve();
    if ("refused" in answer) {
      const fault = deviceFault(answer.reason === "device.busy" ? "busy" : "fault", { said: answer.reason });
      if (answer.refused === 0) held.reject(deviceFault("absent", { said: answer.reason }));
      else pulses.get(answer.refused)?.began.reject(fault);
    } else if ("began" in answer) pulses.get(answer.began)?.began.resolve();
    else {
      pulses.get(answer.ended)?.ended.resolve();
      pulses.delete(answer.ended);
    }
  };
  const gone = new Promise<Fault>((resolve) => {
    const end = (): void => {
      const fault = deviceFault("absent", { reason: "guardianGone" });
      over = true;
      held.reject(fault);
      for (const { began, ended } of pulses.values()) {
        began.reject(fault);
        ended.resolve();
      }
      pulses.clear();
      resolve(fault);
    };
    child.once("error", end);
    child.once("exit", end);
  });
  child.stdin.on("error", () => undefined);
  const read = byLine((line) => hear(JSON.parse(line) as Answer));
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch {
      child.stdin.destroy();
    }
  });
  const send = (order: Order): void => void child.stdin.write(`${JSON.stringify(order)}\n`);
  const close = async (): Promise<void> => {
    child.stdin.end();
    await gone;
  };
  send({ hold: options.lines, maxMs: options.maxMs });
  const onAbort = (): void => held.reject(deviceFault("canceled"));
  options.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await held.promise;
  } catch (error) {
    await close();
    throw error;
  } finally {
    options.signal.removeEventListener("abort", onAbort);
  }
  // The device's own life decides how long this process runs, not its guardian's.
  child.unref();
  return {
    pulse: async (line, ms) => {
      if (over) throw deviceFault("absent", { reason: "guardianGone" });
      const id = next++;
      const pulse = { began: defer<void>(), ended: defer<void>() };
      pulses.set(id, pulse);
      send({ pulse: id, line, ms });
      try {
        await pulse.began.promise;
      } catch (error) {
        // Whether the line was driven is for the evidence to say; the guardian has put it to rest in any case.
        pulses.delete(id);
        throw error;
      }
      return { ended: pulse.ended.promise };
    },
    gone,
    close,
  };
}
