import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { Backoff } from "../../drivers/kit/index.ts";

export interface Supervised {
  readonly name: string;
  /** Process id of the running child, undefined while it is down. */
  pid(): number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** How often it was started. */
  starts(): number;
  /** How it ended the last time; undefined before it did. */
  lastEnd(): { code: number | null; signal: NodeJS.Signals | null } | undefined;
  stop(): Promise<void>;
}

/**
 * Keeps one process of the unit running, as systemd does in the field: starts it again with a growing, jittered wait
 * when it ends, and gives it three seconds to end by itself when it is stopped.
 */
export function supervise(
  name: string,
  command: { file: string; args: string[]; env: NodeJS.ProcessEnv; logFile?: string },
  onLine: (line: string) => void,
): Supervised {
  const backoff = new Backoff(100, 3_000);
  const log = command.logFile ? openSync(command.logFile, "a", 0o600) : ("inherit" as const);
  let child: ChildProcess | undefined;
  let starts = 0;
  let lastEnd: ReturnType<Supervised["lastEnd"]>;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let ended: () => void = () => undefined;

  const start = () => {
    starts++;
    const startedAt = performance.now();
    const own = spawn(command.file, command.args, { env: command.env, stdio: ["ignore", "pipe", log] });
    child = own;
    let rest = "";
    own.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
    own.on("exit", (code, signal) => {
      lastEnd = { code, signal };
      child = undefined;
      ended();
      if (stopping) return;
      if (performance.now() - startedAt > 10_000) backoff.reset();
      timer = setTimeout(start, backoff.next());
    });
  };
  start();

  return {
    name,
    pid: () => child?.pid,
    kill: (signal) => child?.kill(signal),
    starts: () => starts,
    lastEnd: () => lastEnd,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      if (!child) return;
      const gone = new Promise<void>((resolve) => {
        ended = resolve;
      });
      child.kill("SIGTERM");
      const hard = setTimeout(() => child?.kill("SIGKILL"), 3_000);
      await gone;
      clearTimeout(hard);
    },
  };
}
