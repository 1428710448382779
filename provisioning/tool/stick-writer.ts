import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, readFile, realpath, stat, truncate } from "node:fs/promises";
import { basename, join } from "node:path";
import { layOut, SMALLEST_VOLUME, type VolumeFile } from "./fat-layout.ts";
import { toolFault } from "./faults.ts";
import { writeWhole } from "./files.ts";

const MIB = 2 ** 20;
const IMAGE_MIB = 64;
const LARGEST_IMAGE_MIB = 65_536;

/** What `--to` names decides how the files are written; nothing that is there is written over unasked. */
export async function writeStick(
  to: string,
  files: readonly VolumeFile[],
  options: { erase: boolean; mib: number | undefined },
  out: (line: string) => void,
): Promise<void> {
  const info = await stat(to).catch(() => undefined);
  if (info?.isDirectory()) return intoFolder(to, files, out);
  if (info?.isBlockDevice()) return ontoDevice(to, files, options.erase, out);
  if (info) throw toolFault("exists", { file: to });
  return intoImage(to, files, options.mib ?? IMAGE_MIB, out);
}

async function intoFolder(
  folder: string,
  files: readonly VolumeFile[],
  out: (line: string) => void,
): Promise<void> {
  for (const { name, bytes } of files) {
    await writeWhole(join(folder, name), bytes, true);
    out(`${join(folder, name)}  ${bytes.length} bytes`);
  }
}

async function intoImage(
  path: string,
  files: readonly VolumeFile[],
  mib: number,
  out: (line: string) => void,
): Promise<void> {
  if (mib * MIB < SMALLEST_VOLUME || mib > LARGEST_IMAGE_MIB)
    throw toolFault("bad", { option: "--size", form: `MiB, from 4 to ${LARGEST_IMAGE_MIB}` });
  await writeVolume(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
    mib * MIB,
    files,
    async () => truncate(path, mib * MIB),
  );
  out(`${path}  an image of ${mib} MiB with ${files.length} files`);
}

async function ontoDevice(
  device: string,
  files: readonly VolumeFile[],
  erase: boolean,
  out: (line: string) => void,
): Promise<void> {
  const real = await realpath(device);
  const used = await usedBy(real);
  if (used) throw toolFault("inUse", { device, by: used });
  const sectors = await readFile(join("/sys/class/block", basename(real), "size"), "utf8").catch(() => "");
  const bytes = Number(sectors) * 512;
  if (!(bytes >= SMALLEST_VOLUME)) throw toolFault("cannotRead", { file: device });
  if (!erase) throw toolFault("notErased", { device, mib: Math.floor(bytes / MIB) });
  await writeVolume(real, constants.O_RDWR | constants.O_EXCL, bytes, files);
  out(`${device}  written anew with ${files.length} files`);
}

/** What has a file system of the device, or of a part of it, attached. */
async function usedBy(real: string): Promise<string | undefined> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  for (const line of mounts.split("\n")) {
    const [source = "", place = ""] = line.split(" ");
    if (source.startsWith(real) && /^p?[0-9]*$/.test(source.slice(real.length))) return place;
  }
  return undefined;
}

async function writeVolume(
  path: string,
  flags: number,
  bytes: number,
  files: readonly VolumeFile[],
  prepare: () => Promise<void> = async () => undefined,
): Promise<void> {
  const pieces = layOut(bytes, files, randomBytes(4).readUInt32LE());
  if (!pieces)
    throw toolFault("tooLarge", {
      bytes: files.reduce((sum, file) => sum + file.bytes.length, 0),
      limit: bytes,
    });
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags, 0o644);
    await prepare();
    for (const piece of pieces) {
      const { bytesWritten } = await handle.write(piece.bytes, 0, piece.bytes.length, piece.at);
      if (bytesWritten !== piece.bytes.length) throw Object.assign(new Error("short"), { code: "ENOSPC" });
    }
    await handle.sync();
  } catch (error) {
    throw toolFault("cannotWrite", { file: path, code: (error as NodeJS.ErrnoException).code }, error);
  } finally {
    await handle?.close();
  }
}

/** An image or a device, of which only a part is read; and no small file such as `REPLY.BIN` by itself. */
export const isStick = (info: Stats): boolean => info.isBlockDevice() || info.size >= SMALLEST_VOLUME / 4;
