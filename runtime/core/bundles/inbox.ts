import { type FSWatcher, watch } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { defineEvents } from "../../../drivers/kit/index.ts";
import { INBOX } from "../../../provisioning/index.ts";
import type { BundleWay } from "../link/index.ts";

const log = defineEvents("inbox", {
  complete: {
    level: "info",
    what: "A bundle has come over the link and waits to be judged",
    fields: ["parts"],
  },
  ignored: { level: "warn", what: "A part of a bundle was not taken", fields: ["why"] },
  unkept: {
    level: "error",
    what: "A part of a bundle could not be stored; it is let go, and the bundle has to be sent again",
    fields: [],
  },
  untimed: { level: "warn", what: "The centre's word of the time could not be handed on", fields: [] },
});

/** Parts of one bundle, and bundles that may be under way at once: with the largest part, 48 MiB of disk at most. */
const MOST_PARTS = 96;
const MOST_UNDER_WAY = 2;
/** Whole bundles wait until nobody is in a visit; together they take no more than this, bytes. */
const MOST_WAITING = 64 * 1024 * 1024;
/** The provisioner is another user, of the folder's group; the mask of a service would take the group's right away. */
const FOR_GROUP = 0o640;
/** The time is handed on this often, s: dates are days, and a disk wears. */
const TIME_S = 3_600;
const ANSWER = "answer.jws";
const ID = /^[A-Za-z0-9-]{1,64}$/;
const NUMBER = /^(0|[1-9][0-9]{0,2})$/;

/**
 * Bundles that come over the link: kept part by part, each durable before the broker hears that it has arrived, or given up, and laid
 * into `inbox/` when they are whole. What they are is judged by who takes them from there, as if they came from a stick.
 */
export class Inbox {
  readonly #folder: string;
  readonly #state: string;
  readonly #way: BundleWay;
  readonly #watcher: FSWatcher;
  readonly #off: (() => void)[];
  #told = 0;

  constructor(options: { state: string; way: BundleWay }) {
    const { state, way } = options;
    this.#state = state;
    this.#folder = join(state, INBOX.folder);
    this.#way = way;
    // Let go, not asked for again: the broker would send it at once and for ever, and nothing else would come through.
    way.receive("bundle", (path, payload) =>
      this.#receive(path, payload).catch((error: unknown) => log("unkept", {}, error)),
    );
    const tell = () => void this.#answer().catch(() => undefined);
    this.#off = [
      way.events.on("up", tell),
      way.events.on(
        "time",
        (said) => void this.#time(said).catch((error: unknown) => log("untimed", {}, error)),
      ),
    ];
    this.#watcher = watch(state, (_, name) => name === ANSWER && tell());
  }

  stop(): void {
    for (const off of this.#off) off();
    this.#watcher.close();
  }

  async #receive([id = "", n = "", of = "", ...more]: string[], payload: Buffer): Promise<void> {
    const [part, parts] = [Number(n), Number(of)];
    if (!ID.test(id) || !NUMBER.test(n) || !NUMBER.test(of) || more.length > 0)
      return log("ignored", { why: "name" });
    if (parts < 1 || parts > MOST_PARTS || part >= parts) return log("ignored", { why: "parts" });
    const folder = join(this.#folder, `${id}.parts`);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = await readdir(this.#folder);
    if ((await this.#waiting(names)) + payload.length > MOST_WAITING) return log("ignored", { why: "full" });
    const under = names.filter((name) => name.endsWith(".parts"));
    if (!under.includes(`${id}.parts`) && under.length >= MOST_UNDER_WAY) await this.#forgetOldest(under);
    if (await mkdir(folder, { recursive: true, mode: 0o700 })) await syncFolder(this.#folder);
    await durable(join(folder, n), payload);
    const there = new Set(await readdir(folder));
    for (let index = 0; index < parts; index++) if (!there.has(String(index))) return;
    const whole = join(folder, "whole");
    const handle = await open(whole, "w");
    try {
      await handle.chmod(FOR_GROUP);
      for (let index = 0; index < parts; index++)
        await handle.writeFile(await readFile(join(folder, String(index))));
      await handle.sync();
    } catch (error) {
      await rm(whole, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    await rename(whole, join(this.#folder, id + INBOX.bundle));
    await syncFolder(this.#folder);
    await rm(folder, { recursive: true, force: true });
    log("complete", { parts });
  }

  /** Bytes of whole bundles that nobody has taken yet. */
  async #waiting(names: readonly string[]): Promise<number> {
    let bytes = 0;
    // It may be taken while it is looked for.
    for (const name of names.filter((one) => one.endsWith(INBOX.bundle)))
      bytes += await stat(join(this.#folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
    return bytes;
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

  /** Hands on the time as it was signed; who judges by it verifies it for himself. */
  async #time({ jws, iat }: { jws: string; iat: number }): Promise<void> {
    if (iat < this.#told + TIME_S) return;
    this.#told = iat;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await durable(join(this.#folder, INBOX.time), Buffer.from(jws, "latin1"), FOR_GROUP);
  }

  /** The unit's last answer: at each connection, and when there is a new one. */
  async #answer(): Promise<void> {
    const answer = await readFile(join(this.#state, ANSWER), "latin1").catch(() => undefined);
    if (answer) await this.#way.publish(this.#way.answerTopic, answer);
  }
}

async function durable(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const handle = await open(`${path}.new`, "w");
  try {
    await handle.chmod(mode);
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await rm(`${path}.new`, { force: true });
    throw error;
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
