/**
 * A frame: head length (u32 BE), number of parts (u8), each part's length (u32 BE), the head (JSON, UTF-8), the parts.
 * Size-capped before anything is kept: a head up to 256 KiB, 8 parts, 16 MiB in all.
 */
const MAX_HEAD = 256 * 1024;
const MAX_PARTS = 8;
const MAX_BODY = 16 * 1024 * 1024;

/** @throws RangeError for what no reader would take */
export function encodeFrame(head: unknown, parts: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(5 + 4 * parts.length);
  const total = parts.reduce((sum, part) => sum + part.length, prefix.length + json.length);
  if (json.length > MAX_HEAD || parts.length > MAX_PARTS || total > MAX_BODY)
    throw new RangeError("frame too large");
  prefix.writeUInt32BE(json.length, 0);
  prefix.writeUInt8(parts.length, 4);
  parts.forEach((part, i) => {
    prefix.writeUInt32BE(part.length, 5 + 4 * i);
  });
  return Buffer.concat([prefix, json, ...parts]);
}

/** Cuts a byte stream into frames. `push` answers false once the stream is no longer one; drop the connection then. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #need = 5;
  #ended = false;
  readonly #onFrame: (head: string, parts: Uint8Array[]) => void;
  readonly #maxParts: number;

  /** @param maxParts of a peer that has no reason to send any: then none is kept either */
  constructor(onFrame: (head: string, parts: Uint8Array[]) => void, maxParts = MAX_PARTS) {
    this.#onFrame = onFrame;
    this.#maxParts = maxParts;
  }

  /** Nothing more is taken, nor what has come behind the frame that is read now. */
  end(): void {
    this.#ended = true;
    this.#chunks = [];
    this.#length = 0;
  }

  push(chunk: Buffer): boolean {
    if (this.#ended) return true;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#need) {
      const data = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      this.#chunks = [data];
      const used = this.#take(data);
      if (this.#ended) return true;
      if (used < 0) return false;
      if (used === 0) continue;
      this.#chunks = used < data.length ? [data.subarray(used)] : [];
      this.#length -= used;
      this.#need = 5;
    }
    return true;
  }

  /** Bytes used; 0 when more are needed (and `#need` says how many); -1 when this is no frame. */
  #take(data: Buffer): number {
    const headLength = data.readUInt32BE(0);
    const count = data.readUInt8(4);
    if (headLength === 0 || headLength > MAX_HEAD || count > this.#maxParts) return -1;
    const prefix = 5 + 4 * count;
    this.#need = prefix;
    if (data.length < prefix) return 0;
    const sizes = Array.from({ length: count }, (_, i) => data.readUInt32BE(5 + 4 * i));
    const total = prefix + headLength + sizes.reduce((a, b) => a + b, 0);
    if (total > MAX_BODY) return -1;
    this.#need = total;
    if (data.length < total) return 0;
    const parts: Uint8Array[] = [];
    let at = prefix + headLength;
    for (const size of sizes) {
      parts.push(data.subarray(at, at + size));
      at += size;
    }
    this.#onFrame(data.toString("utf8", prefix, prefix + headLength), parts);
    return total;
  }
}
