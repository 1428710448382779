import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFault } from "../bundle/faults.ts";

/** Who changes what the unit is: the service, or a person by hand. */
export const CHANGERS = ["service", "hand"] as const;
export type Changer = (typeof CHANGERS)[number];

const FOLDER = "provisioner.lock";
const FREE = "free";
const HELD = /^held\.([0-9]{1,10})\.([0-9]{1,20})\.(service|hand)$/;

/**
 * Does `work` while no other process changes what the unit is. The lock is one file whose name says who holds it, and that
 * is taken by renaming it: of several that try only one finds the name that it saw. What a process held that is gone is taken
 * over in the same way, so nothing is ever left locked.
 * @throws `bundle.held` when another process is at it; nothing was done then
 */
export async function whileHeld<T>(state: string, by: Changer, work: () => Promise<T>): Promise<T> {
  const folder = join(placeOf(state), FOLDER);
  const own = `held.${process.pid}.${(await startOf(process.pid)) ?? 0}.${by}`;
  await take(folder, own, by);
  try {
    return await work();
  } finally {
    await rename(join(folder, own), join(folder, FREE));
  }
}

/**
 * In memory where the unit has that: after a power cut a number from before the boot may be another user's process, which
 * nobody here can tell from the holder. Service and hand both find the folder there, or neither does.
 */
function placeOf(state: string): string {
  const passing = join(state, "run", "provisioner");
  return existsSync(passing) ? passing : state;
}

async function take(folder: string, own: string, by: Changer): Promise<void> {
  for (;;) {
    const name = await tokenIn(folder);
    if (name === undefined) {
      await makeLock(folder);
      continue;
    }
    const held = HELD.exec(name);
    if (held) {
      const [, pid, start, holder] = held;
      if (await lives(Number(pid), String(start)))
        throw bundleFault("held", { by: holder, pid: Number(pid), asked: by });
    } else if (name !== FREE) throw new Error("the lock is not ours");
    const won = await rename(join(folder, name), join(folder, own)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
    if (won) return;
  }
}

/** The one name in the lock's folder; undefined where there is none, or where it was read while the name changed. */
async function tokenIn(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names[0];
}

/** Puts a free lock there in one go, or finds that there is one: only an empty folder is replaced. */
async function makeLock(folder: string): Promise<void> {
  await mkdir(join(folder, ".."), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  await writeFile(join(fresh, FREE), "", { mode: 0o600 });
  await rename(fresh, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(fresh, { recursive: true, force: true });
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

/** Whether this is still the process that it was: numbers are given again, the moment of its start is not. */
async function lives(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  // What of another user is hidden lives: better to wait for nobody than to disturb somebody.
  const now = await startOf(pid);
  return now === undefined || now === start;
}

/** When a process started, in ticks since the boot (proc(5), `starttime`); undefined when it cannot be seen. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}
