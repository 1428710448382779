import { readSync } from "node:fs";
import { Refusal } from "../refusal.ts";

/** What a stick is to the reader: bytes by their place, and nothing else. */
export interface BlockSource {
  /** Fills `into` with what lies from `at` on. @throws Refusal `gone` where there is less, or nothing any more */
  read(at: number, into: Buffer): void;
}

/** A block device or an image by a descriptor that somebody else has opened. */
export function descriptorSource(fd: number): BlockSource {
  return {
    read: (at, into) => {
      for (let got = 0; got < into.length; ) {
        const count = readOnce(fd, into, got, at + got);
        if (count === 0) throw new Refusal("gone", "end");
        got += count;
      }
    },
  };
}

export function readNew(source: BlockSource, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  source.read(at, bytes);
  return bytes;
}

function readOnce(fd: number, buffer: Buffer, from: number, at: number): number {
  try {
    return readSync(fd, buffer, from, buffer.length - from, at);
  } catch (error) {
    throw new Refusal("gone", String((error as NodeJS.ErrnoException).code ?? "read"));
  }
}
