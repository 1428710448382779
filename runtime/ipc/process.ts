import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineEvents, isFault } from "../../drivers/kit/index.ts";
import { openSupervisor } from "./supervisor.ts";
import { startWatchdog } from "./watchdog.ts";

const log = defineEvents("start", {
  failed: {
    level: "error",
    what: "This process does not start; it is tried again by who started it",
    fields: ["process"],
  },
});

/** A process of the unit that is up. */
export interface Running {
  stop(): Promise<void>;
  /** False when something in it hangs although its event loop turns; asked at each beat. Absent: never. */
  healthy?(): boolean;
}

/** Why a process did not start, for the page on the console and the technician. */
export const faultFile = (state: string, process: string): string =>
  join(state, "run", "faults", process, "fault.json");

/**
 * Runs one process of a unit: starts it, tells the supervisor when it serves, keeps it watched, stops it on a signal.
 * A fault at the start is logged, left where the console looks, and ends the process with 1.
 * @param deadlineMs longest time that the main thread may be away where no supervisor watches, ms
 */
export async function runProcess(options: {
  name: string;
  state: string;
  deadlineMs: number;
  start(): Promise<Running>;
}): Promise<void> {
  const { name, state } = options;
  const supervisor = openSupervisor();
  let running: Running | undefined;
  const healthy = (): boolean => running?.healthy?.() ?? true;
  startWatchdog({ deadlineMs: options.deadlineMs, healthy, ...(supervisor ? { supervisor } : {}) });
  try {
    running = await options.start();
  } catch (error) {
    log("failed", { process: name }, error);
    // A defect of the program: where it is, without the line of the bundle, which is all of it.
    if (!isFault(error)) process.stderr.write(`${error instanceof Error ? error.stack : "not an error"}\n`);
    leaveFault(faultFile(state, name), error);
    process.exit(1);
  }
  supervisor?.tell("READY=1");
  rmSync(faultFile(state, name), { force: true });
  const own = running;
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => void own.stop().then(() => process.exit(0)));
}

function leaveFault(path: string, error: unknown): void {
  // Only the package makes the folder: elsewhere nobody looks.
  if (!existsSync(join(path, ".."))) return;
  const fault = isFault(error) ? error.toJSON() : { code: "process.failed" };
  try {
    writeFileSync(`${path}.new`, JSON.stringify(fault));
    chmodSync(`${path}.new`, 0o644);
    renameSync(`${path}.new`, path);
  } catch {
    // What matters is logged; this only says it once more.
  }
}
