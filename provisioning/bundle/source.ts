import type { FileHandle } from "node:fs/promises";

/** Where a bundle lies: in private memory or in a private file, never on the stick itself. */
export interface BundleSource {
  size: number;
  /** Exactly these bytes; fewer when the source ends before. */
  read(at: number, length: number): Promise<Buffer>;
}

export function memorySource(bytes: Uint8Array): BundleSource {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { size: data.length, read: async (at, length) => data.subarray(at, at + length) };
}

export async function fileSource(handle: FileHandle): Promise<BundleSource> {
  const { size } = await handle.stat();
  return {
    size,
    read: async (at, length) => {
      const buffer = Buffer.allocUnsafe(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await handle.read(buffer, got, length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return buffer.subarray(0, got);
    },
  };
}

const PIECE = 64 * 1024;

/** The bytes from `at` on, in pieces; throws a RangeError when the source ends before. */
export async function* piecesOf(source: BundleSource, at: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; ) {
    const piece = await source.read(at + done, Math.min(PIECE, length - done));
    if (piece.length === 0) throw new RangeError("the source ended");
    done += piece.length;
    yield piece;
  }
}
