import { type FSWatcher, watch } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { defineEvents } from "../../../drivers/kit/index.ts";
import { up } from "../../../fleet/contract/index.ts";
import type { Link } from "../link/index.ts";

const log = defineEvents("inbox", {
  complete: {
    level: "info",
    what: "A bundle has come over the link and waits to be judged",
    fields: ["parts"],
  },
  ignored: { level: "warn", what: "A part of a bundle was not taken", fields: ["why"] },
});

/** Parts of one bundle, and bundles that may be under way at once: with the largest part, 48 MiB of disk at most. */
const MOST_PARTS = 96;
const MOST_UNDER_WAY = 2;
const ANSWER = "answer.jws";
const ID = /^[A-Za-z0-9-]{1,64}$/;
const NUMBER = /^(0|[1-9][0-9]{0,2})$/;

/**
 * Bundles that come over the link: kept part by part, each durable before the broker hears that it has arrived, and laid
 * into `inbox/` when they are whole. What they are is judged by who takes them from there, as if they came from a stick.
 */
export class Inbox {
  readonly #folder: string;
  readonly #state: string;
  readonly #unit: string;
  readonly #link: Link;
  readonly #watcher: FSWatcher;
  readonly #off: () => void;

  constructor(options: { state: string; unit: string; link: Link }) {
    this.#state = options.state;
    this.#unit = options.unit;
    this.#folder = join(options.state, "inbox");
    this.#link = options.link;
    options.link.receive("bundle", (path, payload) => this.#receive(path, payload));
    const tell = () => void this.#answer().catch(() => undefined);
    this.#off = options.link.events.on("up", tell);
    this.#watcher = watch(options.state, (_, name) => name === ANSWER && tell());
  }

  stop(): void {
    this.#off();
    this.#watcher.close();
  }

  async #receive([id = "", n = "", of = "", ...more]: string[], payload: Buffer): Promise<void> {
    const [part, parts] = [Number(n), Number(of)];
    if (!ID.test(id) || !NUMBER.test(n) || !NUMBER.test(of) || more.length > 0)
      return log("ignored", { why: "name" });
    if (parts < 1 || parts > MOST_PARTS || part >= parts) return log("ignored", { why: "parts" });
    const folder = join(this.#folder, `${id}.parts`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const under = (await readdir(this.#folder)).filter((name) => name.endsWith(".parts"));
    if (!under.includes(`${id}.parts`) && under.length >= MOST_UNDER_WAY) await this.#forgetOldest(under);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await durable(join(folder, n), payload);
    const there = new Set(await readdir(folder));
    for (let index = 0; index < parts; index++) if (!there.has(String(index))) return;
    const whole = join(folder, "whole");
    // The provisioner takes it, which is another user of the folder's group.
    const handle = await open(whole, "w", 0o640);
    try {
      for (let index = 0; index < parts; index++)
        await handle.writeFile(await readFile(join(folder, String(index))));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(whole, join(this.#folder, `${id}.kbundle`));
    await syncFolder(this.#folder);
    await rm(folder, { recursive: true, force: true });
    log("complete", { parts });
  }

  /** A sender that never ends must not keep out one that does. */
  async #forgetOldest(names: readonly string[]): Promise<void> {
    let oldest: { name: string; at: number } | undefined;
    for (const name of names) {
      const at = (await stat(join(this.#folder, name))).mtimeMs;
      if (!oldest || at < oldest.at) oldest = { name, at };
    }
    if (oldest) await rm(join(this.#folder, oldest.name), { recursive: true, force: true });
  }

  /** The unit's last answer: at each connection, and when there is a new one. */
  async #answer(): Promise<void> {
    const answer = await readFile(join(this.#state, ANSWER), "latin1").catch(() => undefined);
    if (answer) await this.#link.publish(up.answer(this.#unit), answer);
  }
}

async function durable(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(`${path}.new`, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(join(path, ".."));
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}
