import { STICK_LIMITS } from "./limits.ts";
import type { RefusalCode } from "./refusal.ts";

/**
 * What the reader says to the one who started it, as frames: a byte for the kind, four for the length, the content. It is
 * read as if it came from the stick itself, because a stick that takes over the reader could write it.
 */
export type Message =
  /** A file begins; its bytes follow as data, and `done` or `refused` ends it. */
  | { say: "file"; path: string; size: number }
  | { say: "done" }
  /** Why this file, or where none has begun the whole stick, is not read. */
  | { say: "refused"; code: RefusalCode; what: string }
  | { say: "reply"; at: number }
  | { say: "noReply"; code: RefusalCode; what: string }
  /** All was said. */
  | { say: "end" };

export const FRAME = { message: 1, data: 2 } as const;
export const FRAME_HEAD = 5;
/** Largest content of a frame of each kind, bytes. */
export const FRAME_LIMITS = { message: 4_096, data: STICK_LIMITS.clusterBytes } as const;

export function frameHead(kind: number, length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt8(kind);
  head.writeUInt32BE(length, 1);
  return head;
}
