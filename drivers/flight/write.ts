import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { chmod, mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";

/** What a process keeps at most. The oldest goes first. */
export const MOST_FILES = 24;
export const MOST_BYTES = 6 * 1024 * 1024;

const NAME = /^\d{8}T\d{9}Z-[a-z0-9.]+\.jsonl$/;

/** `20261124T193015123Z-finger.front.jsonl` */
export const flightName = (role: string, wall: number): string =>
  `${new Date(wall).toISOString().replaceAll(/[-:.]/g, "")}-${role}.jsonl`;

/** Writes a file in one step: it is there as a whole or not at all. Makes room for it before. */
export async function writeFlight(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  makeRoom(folder, Buffer.byteLength(text));
  const path = join(folder, name);
  const half = `${path}.half`;
  const file = await open(half, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(half, 0o600);
  await rename(half, path);
  return path;
}

/** The same for a process that is about to be ended. */
export function writeFlightNow(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  makeRoom(folder, Buffer.byteLength(text));
  const path = join(folder, name);
  writeFileSync(`${path}.half`, text, { mode: 0o600 });
  chmodSync(`${path}.half`, 0o600);
  renameSync(`${path}.half`, path);
  return path;
}

function makeRoom(folder: string, size: number): void {
  for (const half of readdirSync(folder).filter((name) => name.endsWith(".half")))
    rmSync(join(folder, half), { force: true });
  const files = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => ({ name, bytes: statSync(join(folder, name)).size }));
  let total = files.reduce((sum, { bytes }) => sum + bytes, size);
  let left = files.length + 1;
  for (const { name, bytes } of files) {
    if (left <= MOST_FILES && total <= MOST_BYTES) return;
    rmSync(join(folder, name), { force: true });
    total -= bytes;
    left--;
  }
}
