import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "../kit.ts";

/** Sticks as others make them: by dosfstools and mtools. */
export interface StickShape {
  bits: 12 | 16 | 32;
  clusterBytes: number;
  /** Size; enough for the least clusters of its kind when absent. */
  kib?: number;
}

const KIB = 1024;
const SECTOR = 512;
/** Enough that the volume is of its kind by every system's rule. */
const CLUSTERS = { 12: 400, 16: 4_200, 32: 66_000 } as const;

export const sizeOf = ({ bits, clusterBytes, kib }: StickShape): number =>
  kib ?? Math.ceil((CLUSTERS[bits] * clusterBytes) / KIB) + 1_024;

const run = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"] });

/** Makes an image file with these files, by their paths; they are laid into `file` in this order. */
export function makeStick(
  file: string,
  shape: StickShape,
  files: Readonly<Record<string, Uint8Array>>,
): void {
  const { bits, clusterBytes } = shape;
  rmSync(file, { force: true });
  run(
    "mkfs.vfat",
    "-C",
    "-F",
    String(bits),
    "-s",
    String(clusterBytes / SECTOR),
    "-n",
    "STICK",
    file,
    String(sizeOf(shape)),
  );
  addFiles(file, files);
}

export function addFiles(file: string, files: Readonly<Record<string, Uint8Array>>): void {
  const folder = mkdtempSync(join(dirname(file), "files-"));
  try {
    const names = new Set<string>();
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
      names.add(join(folder, path.split("/")[0] as string));
    }
    if (names.size > 0) run("mcopy", "-s", "-o", "-i", file, ...names, "::/");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const removeFile = (file: string, path: string): void => void run("mdel", "-i", file, `::/${path}`);

/** A file of an image as mtools reads it. */
export const readFrom = (file: string, path: string): Buffer => run("mtype", "-i", file, `::/${path}`);

/** Bytes that differ from place to place. */
export function pattern(length: number, step: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * step + (at >> 8) * 31) & 0xff));
}

/** A folder in memory for a slot and what is plugged into it; gone with the test. */
export function slotFolder(t: Pick<TestContext, "after">): string {
  const at = mkdtempSync("/dev/shm/guichet-slot-");
  t.after(() => rmSync(at, { recursive: true, force: true }));
  return at;
}

/** Lines of a board that has neither light nor sounder. */
export const noLine = async (): Promise<never> => {
  throw new Error("no line is configured");
};
