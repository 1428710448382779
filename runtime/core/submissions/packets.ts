import { mkdir, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Sealed packets as files. A file is whole and synced, and its folder too, before a row names it; it is removed, and the
 * folder synced, before the tombstone says so.
 */
export class PacketFiles {
  readonly #folder: string;
  #made: Promise<void> | undefined;

  constructor(state: string) {
    this.#folder = join(state, "store", "packets");
  }

  path = (sid: string): string => join(this.#folder, sid);

  async write(sid: string, ciphertext: Uint8Array): Promise<void> {
    await this.#make();
    const fresh = `${this.path(sid)}.new`;
    const file = await open(fresh, "w", 0o600);
    try {
      await file.writeFile(ciphertext);
      await file.sync();
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(fresh, this.path(sid)).catch(async (error: unknown) => {
      await rm(fresh, { force: true });
      throw error;
    });
    await syncFolder(this.#folder);
  }

  /** Bytes `from` to `from + length`, shorter at the end. */
  async read(sid: string, from: number, length: number): Promise<Buffer> {
    const file = await open(this.path(sid), "r");
    try {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, from);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async remove(sid: string): Promise<void> {
    await unlink(this.path(sid)).catch((error: { code?: string }) => {
      if (error.code !== "ENOENT") throw error;
    });
    await syncFolder(this.#folder);
  }

  /** Removes files that no row names: leftovers of a cut before the row was written, or after it was deleted. */
  async sweep(known: ReadonlySet<string>): Promise<number> {
    await this.#make();
    const left = (await readdir(this.#folder)).filter((name) => !known.has(name));
    for (const name of left) await rm(join(this.#folder, name));
    if (left.length > 0) await syncFolder(this.#folder);
    return left.length;
  }

  /** The folder's own name must be durable too, or the first packet is lost with it. */
  #make(): Promise<void> {
    this.#made ??= (async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await syncFolder(dirname(this.#folder));
      await syncFolder(dirname(dirname(this.#folder)));
    })();
    this.#made.catch(() => {
      this.#made = undefined;
    });
    return this.#made;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
