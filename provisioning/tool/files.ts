import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { BUNDLE_LIMITS, type BundleFile, type BundleKind } from "../bundle/index.ts";
import { toolFault } from "./faults.ts";
import { bytesOf } from "./options.ts";

/** Writes a whole file durably; with `replace` in the place of the one before, else never over one. */
export async function writeWhole(path: string, bytes: Uint8Array | string, replace = false): Promise<void> {
  const temporary = replace ? `${path}.${process.pid}.new` : path;
  try {
    const handle = await open(temporary, replace ? "w" : "wx", 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (replace) await rename(temporary, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw toolFault("exists", { file: path });
    await rm(temporary, { force: true }).catch(() => undefined);
    throw toolFault("cannotWrite", { file: path, code }, error);
  }
}

/**
 * What goes into a bundle: a file by its name, a folder with all that is in it by the paths below it, either under
 * another name behind a colon (`flows/services:services`). The limits are
 * judged by sizes before anything is read.
 */
export async function filesFor(kind: BundleKind, paths: readonly string[]): Promise<BundleFile[]> {
  const limit = BUNDLE_LIMITS[kind];
  const found: { path: string; from: string }[] = [];
  for (const given of paths) {
    const [, path = given, as = ""] = /^(.+?)(?::([\w./-]+))?$/.exec(given) ?? [];
    const below = as ? `${as}/` : "";
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw toolFault("cannotRead", { file: path, code: error.code });
    });
    if (!info.isDirectory()) {
      found.push({ path: as || basename(path), from: path });
      continue;
    }
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(entry.parentPath, entry.name);
      found.push({ path: `${below}${relative(path, from).split(sep).join("/")}`, from });
    }
  }
  if (found.length > limit.files)
    throw toolFault("tooLarge", { files: found.length, limit: limit.files, kind });
  let bytes = 0;
  for (const { from } of found) bytes += (await stat(from)).size;
  if (bytes > limit.bytes) throw toolFault("tooLarge", { bytes, limit: limit.bytes, kind });
  found.sort((a, b) => (a.path < b.path ? -1 : 1));
  const files: BundleFile[] = [];
  for (const { path, from } of found) files.push({ path, bytes: await bytesOf(from) });
  return files;
}
