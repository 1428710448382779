import { mkdir, readFile, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { newId } from "../../drivers/kit/index.ts";

/** Which start of the computer this is, and whether its clock went on while it was off. */
export interface Boot {
  id: string;
  /** The kernel has set its clock from one with a battery: the time that has passed since a cut is known. */
  clockKept: boolean;
  /** Time since the computer was started, also while it slept, ms: no clock that is set changes it. */
  uptime(): number;
}

/** What the kernel says of it: `1` when it has set its clock from this one. */
const HCTOSYS = "/sys/class/rtc/rtc0/hctosys";

/**
 * Knows the boot by a file in the vault's own folder for sockets, which lies in memory and is gone after a restart of the
 * computer: the kernel's own number of the boot is hidden from the vault.
 */
export async function thisBoot(state: string, hctosys = HCTOSYS): Promise<Boot> {
  const clockKept = (await readFile(hctosys, "utf8").catch(() => "")).trim() === "1";
  return { id: await bootId(join(state, "run", "vault", "boot")), clockKept, uptime: () => uptime() * 1000 };
}

async function bootId(path: string): Promise<string> {
  const id = newId();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, id, { flag: "wx", mode: 0o600 });
    return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const known = await readFile(path, "utf8");
  if (known.length === id.length) return known;
  // Written by a process that was killed in it: nobody knows the boot of what was under way then.
  await writeFile(path, id);
  return id;
}
