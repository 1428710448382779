import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { err, type Fault, ok, type Result } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { BUNDLE_LIMITS } from "../bundle/manifest.ts";
import { memorySource } from "../bundle/source.ts";
import type { Provisioner } from "./provisioner.ts";
import type { Given, Report } from "./select.ts";

/** Bundles that are looked at in one folder at most. */
const MOST_FILES = 16;
/** Largest bundle that a unit reads from a folder: all kinds but software, which units do not install from bundles. */
const MOST_BYTES = BUNDLE_LIMITS.content.bytes;

/**
 * Takes the bundles of a folder, `*.kbundle`. Each file is read once, under the cap, into private memory, and only that
 * copy is judged and used. @returns what became of each file
 */
export async function takeFolder(folder: string, provisioner: Provisioner): Promise<Report[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".kbundle")).sort();
  const given: Given[] = [];
  const reports: Report[] = [];
  for (const file of names.slice(0, MOST_FILES)) {
    const bytes = await readCapped(join(folder, file));
    if (bytes.ok) given.push({ file, source: memorySource(bytes.value) });
    else reports.push({ file, kind: undefined, result: bytes });
  }
  return [...reports, ...(await provisioner.take(given))];
}

async function readCapped(path: string): Promise<Result<Buffer, Fault>> {
  // No links and no waiting: a pipe or a device that pretends to be a bundle is none.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return err(bundleFault("notABundle"));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return err(bundleFault("notABundle"));
    if (stat.size > MOST_BYTES) return err(bundleFault("tooLarge", { bytes: stat.size, limit: MOST_BYTES }));
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
