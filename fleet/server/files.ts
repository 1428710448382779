import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes a whole file that is there entirely or not at all after a power cut; mode 0600. */
export function writeDurable(path: string, content: string | Uint8Array): void {
  renameSync(writeAside(path, content), path);
  syncFolder(dirname(path));
}

/** The same, unless somebody else has written it first. */
export function writeOnce(path: string, content: string): void {
  const temporary = writeAside(path, content);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  unlinkSync(temporary);
  syncFolder(dirname(path));
}

function writeAside(path: string, content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return temporary;
}

/** Makes renames and deletions in a folder durable. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
