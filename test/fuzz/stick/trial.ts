import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../../drivers/kit/index.ts";
import { StateDisk } from "../../../provisioning/activate/index.ts";
import { STICK_LIMITS, type Staged } from "../../../provisioning/stick/index.ts";
import {
  outputOf,
  READER_FLAGS,
  readStick,
  type StartReader,
} from "../../../runtime/provisioner/stick/reader.ts";

/** What one run of a fresh reader came to. */
export interface Trial {
  /** `read`, or the code of what was refused first. */
  outcome: string;
  wrong: string[];
  /** It took longer than it may, but spent most of that time waiting for a processor that did other work. */
  waited: boolean;
  /** It waited so long that it was ended: this says nothing about it. */
  starved: boolean;
  peakKiB: number;
  wallS: number;
  cpuS: number;
}

/** Every way to attach a file system; the tracer stops at these calls only, so that it costs next to nothing. */
const MOUNTS = "mount,umount2,fsopen,fsconfig,fsmount,fspick,move_mount,open_tree,mount_setattr,pivot_root";

/** On a machine that is busy the reader is not ended at its time, so that its own share of it can be told. */
const PATIENCE = 20;
const patient: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms * PATIENCE, signal),
};

/** Reads an image by the unit's own code, with the reader as a fresh process that is measured and traced. */
export async function tryImage(
  program: string,
  scratch: string,
  image: Uint8Array,
  size = image.length,
  check: (staged: Staged) => Promise<string[]> = async () => [],
): Promise<Trial> {
  const [file, measured, traced, said] = ["stick.img", "measured", "traced", "said"].map((name) =>
    join(scratch, name),
  ) as [string, string, string, string];
  writeFileSync(file, image);
  truncateSync(file, size);
  let ended: Promise<number | null> = Promise.resolve(null);
  const start: StartReader = async (device) => {
    const [input, errors] = [openSync(device, "r"), openSync(said, "w")];
    const under = [
      "-o",
      measured,
      "-f",
      "%M %e %U %S",
      "strace",
      "-qq",
      "-f",
      "--seccomp-bpf",
      "-e",
      "signal=none",
    ];
    const child = spawn(
      "/usr/bin/time",
      [...under, "-e", `trace=${MOUNTS}`, "-o", traced, process.execPath, ...READER_FLAGS, program],
      { cwd: "/", env: { PATH: "/usr/bin:/bin" }, stdio: [input, "pipe", errors], detached: true },
    );
    closeSync(input);
    closeSync(errors);
    let open = true;
    ended = new Promise((resolve) => {
      child.once("exit", (code) => {
        open = false;
        resolve(code);
      });
    });
    return {
      said: outputOf(child),
      // It is to end by itself; only what was late is ended.
      end: () =>
        void setTimeout(() => open && process.kill(-(child.pid as number), "SIGKILL"), 10_000).unref(),
    };
  };
  const folder = join(scratch, "staging");
  const read = await readStick(file, { start, folder, disk: new StateDisk(), clock: patient });
  const code = await ended;
  const wrong: string[] = [];
  if (!read.ok) throw read.error;
  const staged = read.value;
  wrong.push(...(await check(staged)));
  await staged.discard();
  // A reader that was ended by force has left no measures.
  const numbers = readFileSync(measured, "utf8").trim().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  const patience = (STICK_LIMITS.timeMs * PATIENCE) / 1_000;
  const [peakKiB = 0, wallS = patience, user = 0, system = 0] = numbers;
  const whole = staged.whole?.code;
  if (code !== 0) wrong.push(`the reader ended with ${code}`);
  const words = readFileSync(said, "utf8");
  if (words !== "") wrong.push(`the reader said ${words.slice(0, 300)}`);
  if (readFileSync(traced, "utf8") !== "")
    wrong.push(`mounted: ${readFileSync(traced, "utf8").slice(0, 300)}`);
  if (whole === "stick.broken") wrong.push("the reader is broken");
  if (peakKiB * 1024 > STICK_LIMITS.memoryBytes) wrong.push(`${peakKiB} KiB`);
  const cpuS = user + system;
  const late = wallS * 1000 > STICK_LIMITS.timeMs;
  const waited = late && cpuS < wallS / 2 && cpuS * 2_000 < STICK_LIMITS.timeMs;
  const starved = whole === "stick.slow" && cpuS * 2_000 < STICK_LIMITS.timeMs;
  if ((late && !waited) || whole === "stick.slow") wrong.push(`${wallS} s, ${cpuS} s of a processor`);
  const first = staged.refused.find(({ result }) => !result.ok)?.result;
  const refused = first && !first.ok ? first.error.code : undefined;
  return { outcome: whole ?? refused ?? "read", wrong, waited, starved, peakKiB, wallS, cpuS };
}
