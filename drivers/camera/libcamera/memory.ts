import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const NAME = /^guichet-camera-\d+-(\d+)-(\d+)$/;

/** When a process began, in clock ticks since boot (proc(5), stat field 22): with its number it names one process only. */
function startOf(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

export interface StillFolder {
  /** Where a still is written; nobody else can read it. */
  readonly file: string;
  /** A folder in which `libcamera-still` is the program that was found, whatever its name is. */
  readonly bin: string;
  /** Removes what dead processes left, and a still of this one. Answers how many things that were. */
  wipe(): number;
  remove(): void;
}

/**
 * A folder for the stills of one camera in a memory-backed file system: a photograph never reaches a disk, and it is gone
 * with the power. The name carries the process, so that what a killed one left behind is known as such.
 * @param root a memory-backed folder; its name goes into a shell's command line, so it must be plain
 */
export function stillFolder(root: string, index: number, stillProgram: string): StillFolder {
  if (!/^(\/[\w.-]+)+$/.test(root)) throw new TypeError("the folder for stills has an unusual name");
  const own = `guichet-camera-${index}-${process.pid}-${startOf("self") ?? 0}`;
  const folder = join(root, own);
  rmSync(folder, { recursive: true, force: true });
  // Not recursive: fails when somebody else has put something there.
  mkdirSync(folder, { mode: 0o700 });
  const bin = join(folder, "bin");
  mkdirSync(bin, { mode: 0o700 });
  symlinkSync(stillProgram, join(bin, "libcamera-still"));
  const file = join(folder, "still.jpg");
  const remove = (path: string): number => {
    try {
      rmSync(path, { recursive: true });
      return 1;
    } catch {
      return 0;
    }
  };
  return {
    file,
    bin,
    wipe: () => {
      let count = remove(file);
      for (const name of readdirSync(root)) {
        const [, pid, start] = NAME.exec(name) ?? [];
        if (!pid || startOf(Number(pid)) === start) continue;
        if (lstatSync(join(root, name), { throwIfNoEntry: false })?.uid === process.getuid?.())
          count += remove(join(root, name));
      }
      return count;
    },
    remove: () => void remove(folder),
  };
}
