import { type ChildProcess, spawn } from "node:child_process";
import { defineEvents } from "../../drivers/kit/index.ts";
import type { Supervisor } from "./supervisor.ts";

const log = defineEvents("watchdog", {
  missing: {
    level: "error",
    what: "The shell that watches this process cannot be started; it is tried again at each beat",
    fields: [],
  },
});

/** Looks in one deadline. One that finds the process stopped as a whole begins the count again. */
const LOOKS = 5;

/**
 * The watchdog is a shell that reads a line for each beat of the main thread and kills the process when none comes in
 * time, also while that spins or stands in a system call. A worker thread would do the same, and be a second heap.
 * It ends with the process, whose end of the pipe then closes; one that was stopped has its whole deadline when it goes on.
 */
const SCRIPT = `
missed=0
while :; do
  read -r -t "$1"
  code=$?
  if [ $code -eq 0 ]; then
    missed=0
    continue
  fi
  [ $code -gt 128 ] || exit
  read -r state < "/proc/$2/stat" || exit
  missed=$((missed + 1))
  case $state in *") T "*|*") t "*) missed=0 ;; esac
  if [ $missed -ge ${LOOKS} ]; then
    kill -9 "$2"
    exit
  fi
done`;

export interface Watchdog {
  stop(): Promise<void>;
}

export interface WatchdogOptions {
  /** Longest time that the main thread may be away, ms. */
  deadlineMs: number;
  /** Asked at each beat; a beat is left out while it says no. */
  healthy?: () => boolean;
  /** When it watches, it gets the beats and decides by its own deadline; there is no shell then. */
  supervisor?: Supervisor;
}

/**
 * It watches from the first beat on, a tenth of the deadline later: a start is not made slower by a second process, and
 * one that hangs is ended by what started it.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { deadlineMs, healthy = () => true, supervisor } = options;
  if (supervisor?.watchdogMs !== undefined) return beatFor(supervisor, supervisor.watchdogMs / 4, healthy);
  let dog: ChildProcess | undefined;
  let stopped = false;
  let missing = false;
  const watch = (): void => {
    const args = ["-c", SCRIPT, "watchdog", String(deadlineMs / LOOKS / 1_000), String(process.pid)];
    const own = spawn("/bin/bash", args, { stdio: ["pipe", "ignore", "ignore"] });
    dog = own;
    own.unref();
    // Nothing waits for the pipe: a process ends when its own work does.
    (own.stdin as unknown as { unref(): void }).unref();
    own.stdin?.on("error", () => undefined);
    own.on("error", (error) => {
      if (dog !== own) return;
      dog = undefined;
      if (!missing) log("missing", {}, error);
      missing = true;
    });
    own.on("exit", () => {
      // One that was killed is put back at the next beat, or a wedged process would never end.
      if (dog === own) dog = undefined;
    });
  };
  const timer = setInterval(
    () => {
      if (!healthy()) return;
      if (!dog) watch();
      dog?.stdin?.write("\n");
    },
    Math.max(10, deadlineMs / 10),
  );
  timer.unref();
  return {
    stop: async () => {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      const own = dog;
      dog = undefined;
      if (!own || own.exitCode !== null || own.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => own.once("exit", () => resolve()));
      own.ref();
      own.stdin?.end();
      await gone;
    },
  };
}

function beatFor(supervisor: Supervisor, periodMs: number, healthy: () => boolean): Watchdog {
  const timer = setInterval(() => healthy() && supervisor.tell("WATCHDOG=1"), periodMs);
  timer.unref();
  return { stop: async () => clearInterval(timer) };
}
