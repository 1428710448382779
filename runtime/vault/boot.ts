import { mkdir, readFile, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { newId } from "../../drivers/kit/index.ts";

/** Which start of the computer this is, and whether its clock went on while it was off. */
export interface Boot {
  id: string;
  /** The clock has gone on by a battery: the time that has passed since a cut is known. */
  clockKept: boolean;
  /** Time since the computer was started, also while it slept, ms: no clock that is set changes it. */
  uptime(): number;
}

/** The clock chip as the kernel shows it. */
const RTC = "/sys/class/rtc/rtc0";
/** The chip may drift from the true time by this much before nobody believes it, ms. */
const DRIFT_MS = 60_000;

/**
 * Knows the boot by a file in the vault's own folder for sockets, which lies in memory and is gone after a restart of the
 * computer: the kernel's own number of the boot is hidden from the vault.
 * @param battery whether the unit's configuration says that its clock chip has one; nothing that the kernel tells says so
 * @param rtc the chip's folder in sysfs
 * @param wall the system's time, ms since 1970
 */
export async function thisBoot(
  state: string,
  { battery, rtc = RTC, wall = Date.now() }: { battery: boolean; rtc?: string; wall?: number },
): Promise<Boot> {
  const clockKept = battery && (await hasGoneOn(rtc, wall));
  return { id: await bootId(join(state, "run", "vault", "boot")), clockKept, uptime: () => uptime() * 1000 };
}

/**
 * The kernel has set its clock from the chip (`hctosys` is 1), which it says of a chip that lost its time too: that one does
 * not tell the time of the system, which something else has set.
 */
async function hasGoneOn(rtc: string, wall: number): Promise<boolean> {
  const said = async (name: string) => (await readFile(join(rtc, name), "utf8").catch(() => "")).trim();
  const [set, epoch] = [await said("hctosys"), Number.parseInt(await said("since_epoch"), 10)];
  return set === "1" && Math.abs(epoch * 1000 - wall) <= DRIFT_MS;
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
