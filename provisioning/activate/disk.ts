import { link, mkdir, open, readdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Fault, isFault } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";

/** Called with the name of each change of the disk right before it; the tests cut and fill the disk there. */
export type Step = (name: string) => void | Promise<void>;

/**
 * The few changes that activation makes to the disk, each durable when it resolves or named as not. What it writes can be
 * read by the group of the state folder: on a unit, the processes that run by it.
 */
export class StateDisk {
  readonly #step: Step;

  constructor(step: Step = () => undefined) {
    this.#step = step;
  }

  async folder(path: string): Promise<void> {
    await this.#step("mkdir");
    await mkdir(path, { recursive: true, mode: 0o750 });
  }

  /** A new file with its contents synced; its name is safe when its folder is. */
  async file(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.folder(dirname(path));
    await this.#step("create");
    const handle = await open(path, "wx", 0o640);
    try {
      for await (const piece of pieces) {
        await this.#step("write");
        await handle.writeFile(piece);
      }
      await this.#step("fsync");
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** A file of another generation under one more name: no generation is ever changed, so they can share it. */
  async keep(from: string, path: string): Promise<void> {
    await this.folder(dirname(path));
    await this.#step("link");
    await link(from, path);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#step("fsync");
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Makes the names of a folder and of all below it safe. */
  async syncTree(path: string): Promise<void> {
    for (const entry of await readdir(path, { withFileTypes: true }))
      if (entry.isDirectory()) await this.syncTree(join(path, entry.name));
    await this.syncFolder(path);
  }

  /** Puts a link in the place of another by one rename; it names the old target or the new one at every moment. */
  async link(folder: string, name: string, target: string): Promise<void> {
    const fresh = join(folder, `${name}.new`);
    await this.remove(fresh);
    await this.#step("symlink");
    await symlink(target, fresh);
    await this.#step("rename");
    await rename(fresh, join(folder, name));
    await this.syncFolder(folder);
  }

  /** The old text or the new one, whole, whatever happens; it is safe when this resolves. */
  async replace(path: string, text: string): Promise<void> {
    await this.#step("create");
    const handle = await open(`${path}.new`, "w", 0o640);
    try {
      await this.#step("write");
      await handle.writeFile(text);
      await this.#step("fsync");
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.#step("rename");
    await rename(`${path}.new`, path);
    await this.syncFolder(dirname(path));
  }

  async remove(path: string): Promise<void> {
    await this.#step("remove");
    await rm(path, { recursive: true, force: true });
  }
}

/** What a failed change of the disk means to a technician. A fault is passed on, a defect of the program is thrown. */
export function diskFault(error: unknown): Fault {
  if (isFault(error)) return error;
  const code = (error as NodeJS.ErrnoException)?.code;
  if (typeof code !== "string") throw error;
  if (code === "ENOSPC" || code === "EDQUOT") return bundleFault("noSpace", { code }, error);
  return bundleFault("notStored", { code }, error);
}
