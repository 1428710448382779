import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseTrace, TRACED, type TraceEvent } from "./trace.ts";

/** Runs a workload under strace; `while_` plays the world around it until the workload ends or is told to. */
export async function record(
  options: { script: string; args: string[]; log: string; root: string; device?: string },
  during?: (child: ChildProcess) => Promise<void>,
): Promise<TraceEvent[]> {
  const child = spawn(
    "strace",
    [
      "-f",
      "-y",
      "-xx",
      "-s",
      "16777216",
      "-e",
      `trace=${TRACED}`,
      "-e",
      "signal=none",
      "-o",
      options.log,
      process.execPath,
      "--import",
      "tsx",
      options.script,
      ...options.args,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdout.resume();
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (during) await during(child);
  child.stdin.end();
  const code = await ended;
  if (code !== 0) throw new Error(`the workload ended with ${code}`);
  return parseTrace(readFileSync(options.log, "latin1"), options.root, options.device);
}
