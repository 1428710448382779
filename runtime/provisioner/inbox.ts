import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { parseJson } from "../../drivers/kit/index.ts";
import type { StateDisk } from "../../provisioning/activate/index.ts";
import { INBOX } from "../../provisioning/index.ts";

/** Beside the inbox, where the core cannot write. */
const NOTE = "inbox-tried.json";
const MOST_NAMES = 256;

const NoteSchema = Type.Object(
  {
    v: Type.Literal(1),
    files: Type.Array(Type.String({ pattern: "^[^/]+\\.kbundle$", maxLength: 255 }), {
      maxItems: MOST_NAMES,
    }),
  },
  { additionalProperties: false },
);

/** What the core has laid down, and a durable note of what of it is being tried. */
export class InboxFolder {
  readonly path: string;
  readonly #note: string;
  readonly #disk: StateDisk;

  constructor(state: string, disk: StateDisk) {
    this.path = join(state, INBOX.folder);
    this.#note = join(state, NOTE);
    this.#disk = disk;
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** Bundles that wait, as a take looks at them. */
  async waiting(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => name.endsWith(INBOX.bundle)).sort();
  }

  /** Does `work` with a note of what it tries: a bundle that takes the board down is not to be tried at each boot. */
  async noted<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
    await this.#disk.replace(this.#note, JSON.stringify({ v: 1, files }));
    try {
      return await work();
    } finally {
      await this.forget();
    }
  }

  /** What was being tried when the unit went down, durably removed. @returns their names */
  async dropTried(): Promise<string[]> {
    const text = await readFile(this.#note, "utf8").catch(() => "");
    const note = parseJson(NoteSchema, text, NOTE);
    if (!note.ok) return [];
    for (const name of note.value.files) await this.remove(name);
    await this.#disk.syncFolder(this.path);
    return note.value.files;
  }

  async forget(): Promise<void> {
    await this.#disk.remove(this.#note);
  }

  async remove(name: string): Promise<void> {
    await this.#disk.remove(join(this.path, name));
  }
}
