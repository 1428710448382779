import { spawn } from "node:child_process";
import { deviceFault } from "../../contract/index.ts";
import type { Clock } from "../../kit/index.ts";

/** Most text of a program that is kept to find out why it failed. */
const MAX_TEXT = 16_384;
/** Wait for the pipes of a process that has ended; only a grandchild that left the group could hold them, ms. */
const PIPES_MS = 300;

export interface Ended {
  /** Exit code; undefined when it was killed or could not be started. */
  exit: number | undefined;
  /** First part of what it said. May name paths: for matching only, never for a log. */
  text: string;
}

export interface Group {
  readonly ended: Promise<Ended>;
  /** Ends the process and everything that it started. Idempotent. */
  kill(): void;
}

/**
 * Starts a program as the leader of its own process group, so that it can be ended with all its children: a camera
 * program that waits for a dead sensor waits for ever. With `onData` its standard output goes there instead of into the
 * kept text. Its standard input stays open as long as this process lives; a helper uses its end to end itself.
 */
export function startGroup(
  program: string,
  args: readonly string[],
  options: { path: string; onData?: (chunk: Buffer) => void },
): Group {
  const child = spawn(program, args, {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: options.path, LANG: "C" },
    cwd: "/",
  });
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer) => {
    if (size < MAX_TEXT) chunks.push(chunk);
    size += chunk.length;
  };
  child.stdin.on("error", () => undefined);
  child.stdout.on("data", options.onData ?? keep);
  child.stderr.on("data", keep);
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // the group is gone already
    }
  };
  let exited = false;
  const ended = new Promise<Ended>((resolve) => {
    const done = () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({
        exit: child.exitCode ?? undefined,
        text: Buffer.concat(chunks).toString("latin1").slice(0, MAX_TEXT),
      });
    };
    child.once("error", done);
    child.once("close", done);
    child.once("exit", () => {
      // The leader's number still names the group while a child of it lives; afterwards it may be given away again.
      kill();
      exited = true;
      setTimeout(done, PIPES_MS).unref();
    });
  });
  return { ended, kill: () => !exited && kill() };
}

/**
 * Waits for the end of a program, of its time, or for the abort of a signal, and never leaves a process.
 * Rejects with `device.timeoutDevice` or `device.canceled`.
 */
export async function finishGroup(
  group: Group,
  options: { role: string; clock: Clock; limitMs: number; signals: AbortSignal[] },
): Promise<Ended> {
  const stop = AbortSignal.any(options.signals);
  const timer = new AbortController();
  const late = options.clock
    .sleep(options.limitMs, AbortSignal.any([stop, timer.signal]))
    .then(() => undefined);
  const ended = await Promise.race([group.ended, late]);
  timer.abort();
  if (ended) return ended;
  group.kill();
  await group.ended;
  throw deviceFault(stop.aborted ? "canceled" : "timeoutDevice", { role: options.role });
}
