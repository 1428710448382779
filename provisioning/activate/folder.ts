import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { err, type Fault, ok, type Result } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { memorySource } from "../bundle/source.ts";
import { STICK_LIMITS } from "../stick/limits.ts";
import type { Provisioner } from "./provisioner.ts";
import type { Given, Report } from "./select.ts";

/** Of a report on a bundle that was not even looked at, because a unit takes only so many at once. */
export const NOT_LOOKED_AT = "bundle.tooMany";

/** Of a report on a bundle that is good and waits until its trial disturbs nobody. */
export const NOT_NOW = "bundle.notNow";

/**
 * Takes the bundles of a folder, `*.kbundle`, as many and as large as from one stick. Each file is read once, under the cap,
 * into private memory, and only that copy is judged and used: who may write the folder could change a file in between.
 * @returns what became of each file
 */
export async function takeFolder(folder: string, provisioner: Pick<Provisioner, "take">): Promise<Report[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".kbundle")).sort();
  const given: Given[] = [];
  const reports: Report[] = [];
  let room: number = STICK_LIMITS.allBytes;
  for (const [n, file] of names.entries()) {
    const bytes = n < STICK_LIMITS.files ? await readCapped(join(folder, file), room) : TOO_MANY;
    if (bytes.ok) {
      room -= bytes.value.length;
      given.push({ file, source: memorySource(bytes.value) });
      continue;
    }
    reports.push({ file, kind: undefined, result: bytes });
    // What comes after may need it: it waits too.
    if (bytes.error.code === NOT_LOOKED_AT) room = 0;
  }
  return [...reports, ...(await provisioner.take(given))];
}

const TOO_MANY = err(bundleFault("tooMany", { files: STICK_LIMITS.files, bytes: STICK_LIMITS.allBytes }));

async function readCapped(path: string, room: number): Promise<Result<Buffer, Fault>> {
  // No links and no waiting: a pipe or a device that pretends to be a bundle is none.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return err(bundleFault("notABundle"));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return err(bundleFault("notABundle"));
    if (stat.size > STICK_LIMITS.fileBytes)
      return err(bundleFault("tooLarge", { bytes: stat.size, limit: STICK_LIMITS.fileBytes }));
    if (stat.size > room) return TOO_MANY;
    const buffer = Buffer.alloc(stat.size);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return ok(buffer.subarray(0, length));
  } finally {
    await handle.close();
  }
}
