import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { deviceFault } from "../../contract/index.ts";
import type { Clock, Fault } from "../../kit/index.ts";

/** How often it is looked whether the camera's name still leads to the same node, ms. */
const LOOK_MS = 400;

export interface Node {
  /** What the stable name stands for now, e.g. /dev/video2. */
  path: string;
  /** Another one when the camera was pulled and put back, even under the same number. */
  id: string;
}

/** Finds the node behind a stable name. Rejects with `device.absent`. */
export async function nodeOf(role: string, name: string): Promise<Node> {
  try {
    const path = await realpath(name);
    const { ino, rdev } = await stat(path);
    if (/^video\d{1,3}$/.test(basename(path))) return { path, id: `${rdev}:${ino}` };
  } catch {
    // said below
  }
  throw deviceFault("absent", { role });
}

/** Resolves when the name leads nowhere or to another node; with undefined when `signal` aborts first. */
export async function nodeGone(
  name: string,
  first: Node,
  options: { role: string; clock: Clock; signal: AbortSignal },
): Promise<Fault | undefined> {
  const { role, clock, signal } = options;
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return undefined;
    const now = await nodeOf(role, name).catch(() => undefined);
    if (now?.path !== first.path || now.id !== first.id) return deviceFault("absent", { role });
  }
}

/** The `v4l2-ctl` of the first folder that has one. Rejects with `device.absent`. */
export async function findProgram(role: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders.filter((name) => isAbsolute(name))) {
    const file = join(folder, "v4l2-ctl");
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  throw deviceFault("absent", { role, reason: "noProgram" });
}
