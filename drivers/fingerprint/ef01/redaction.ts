import type { Keep, Redaction } from "../../ports/index.ts";
import { checksum, MAX_CONTENT, OP, OVERHEAD, PACKET, readU16 } from "./frame.ts";

/** Before the content: EF01, address, packet id, length. */
const HEAD = 9;
const DATA_IDS: readonly number[] = [PACKET.data, PACKET.end];
const IDS: readonly number[] = Object.values(PACKET);
/** After these the module sends an image or a template. */
const UPLOADS: readonly number[] = [OP.uploadTemplate, OP.uploadImage];

/**
 * What may be kept of a module's line. The content of a data packet, with its checksum, which is a digest of it, never is.
 * While the module may be sending data (after an upload command until its end packet, and at first, since a former process
 * may have asked), only what proves to be a whole packet by its checksum is kept, and all else is `unreadable`: one lost byte
 * would otherwise make an image out of what looks like an answer.
 */
export function redaction(): Redaction {
  /** Bytes of the module that have not been judged yet, one packet at most. */
  let held = Buffer.alloc(0);
  let strict: "opening" | "upload" | undefined = "opening";
  /** Of data that the module sends unasked: bytes of its packet that are still to come. */
  let hide = 0;

  function fromDevice(chunk: Uint8Array, keep: Keep): void {
    let data = held.length > 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk);
    held = Buffer.alloc(0);
    while (data.length > 0) {
      const used = strict ? proven(data, keep) : plain(data, keep);
      if (used === 0) break;
      data = data.subarray(used);
    }
    held = Buffer.from(data);
  }

  /** Bytes used of what must prove itself; 0 when more are needed. */
  function proven(data: Buffer, keep: Keep): number {
    let junk = 0;
    let length: number | "more" | "junk" = "junk";
    while (junk < data.length && length === "junk") {
      length = judge(data, junk);
      if (length === "junk") junk++;
    }
    if (junk > 0) {
      keep("device", { hidden: "unreadable", length: junk });
      return junk;
    }
    if (typeof length !== "number") return 0;
    const id = data[6] as number;
    if (DATA_IDS.includes(id)) {
      keep("device", data.subarray(0, HEAD));
      keep("device", { hidden: "biometric", length: length - HEAD });
      if (id === PACKET.end) strict = undefined;
    } else {
      keep("device", data.subarray(0, length));
      if (strict === "opening" && id === PACKET.ack) strict = undefined;
    }
    return length;
  }

  /** No data was asked for: everything is kept but what calls itself data all the same. */
  function plain(data: Buffer, keep: Keep): number {
    if (hide > 0) {
      const length = Math.min(hide, data.length);
      hide -= length;
      keep("device", { hidden: "biometric", length });
      return length;
    }
    const at = dataHead(data);
    if (at === 0 && data.length < HEAD) return 0;
    if (at === 0) {
      keep("device", data.subarray(0, HEAD));
      hide = Math.min(readU16(data, 7), MAX_CONTENT + 2);
      strict = "upload";
      return HEAD;
    }
    keep("device", data.subarray(0, at));
    return at;
  }

  function fromHost(chunk: Uint8Array, keep: Keep): void {
    flush(keep);
    const whole = chunk.length >= OVERHEAD && chunk[0] === 0xef && chunk[1] === 0x01;
    const id = chunk[6] ?? 0;
    if (!whole || !IDS.includes(id)) return keep("host", { hidden: "unreadable", length: chunk.length });
    if (DATA_IDS.includes(id)) {
      keep("host", chunk.subarray(0, HEAD));
      return keep("host", { hidden: "biometric", length: chunk.length - HEAD });
    }
    if (UPLOADS.includes(chunk[HEAD] ?? 0)) strict = "upload";
    keep("host", chunk);
  }

  function flush(keep: Keep): void {
    if (held.length === 0) return;
    const rest = held;
    held = Buffer.alloc(0);
    keep("device", strict ? { hidden: "unreadable", length: rest.length } : rest);
  }

  return {
    opened: () => {
      held = Buffer.alloc(0);
      strict = "opening";
      hide = 0;
    },
    see: (from, chunk, keep) => (from === "host" ? fromHost : fromDevice)(chunk, keep),
    flush,
  };
}

/** Length of the packet at `at`, "more" when it may become one, "junk" when none begins here. */
function judge(data: Buffer, at: number): number | "more" | "junk" {
  const left = data.length - at;
  if (data[at] !== 0xef || (left > 1 && data[at + 1] !== 0x01)) return "junk";
  if (left > 6 && !IDS.includes(data[at + 6] as number)) return "junk";
  if (left < HEAD) return "more";
  const length = HEAD + readU16(data, at + 7);
  if (length < OVERHEAD || length > OVERHEAD + MAX_CONTENT) return "junk";
  if (left < length) return "more";
  const sum = checksum(data.subarray(at + 6, at + length - 2));
  return sum === readU16(data, at + length - 2) ? length : "junk";
}

/** Where a data packet begins, or may begin with the last bytes; the length where none does. */
function dataHead(data: Buffer): number {
  for (let at = 0; at < data.length; at++) {
    if (data[at] !== 0xef) continue;
    const left = data.length - at;
    if (left > 1 && data[at + 1] !== 0x01) continue;
    if (left > 6 && !DATA_IDS.includes(data[at + 6] as number)) continue;
    return at;
  }
  return data.length;
}
