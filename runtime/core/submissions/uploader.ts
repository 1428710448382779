import { Backoff, Bell, type Clock, defineEvents } from "../../../drivers/kit/index.ts";
import { TRANSPORT_CHUNK, up } from "../../../fleet/contract/index.ts";
import type { Link } from "../link/index.ts";
import type { Row, Store } from "../store/index.ts";
import type { PacketFiles } from "./packets.ts";

const log = defineEvents("uploader", {
  unreadable: {
    level: "error",
    what: "A sealed submission could not be read; it is kept and tried again",
    fields: ["sid"],
  },
  unanswered: {
    level: "warn",
    what: "The centre says nothing about a submission; it is sent again later",
    fields: ["sid"],
  },
  notTaken: {
    level: "warn",
    what: "The centre still misses what it was just sent of a submission; it is sent again later",
    fields: ["sid"],
  },
});

/** A row of `submissions`. */
export interface QueuedSubmission extends Row {
  sid: string;
  reference: string;
  manifest: string;
  manifest_hash: string;
  size: number;
  state: string;
}

export interface UploaderOptions {
  store: Store;
  link: Link;
  clock: Clock;
  files: PacketFiles;
  unit: string;
  /** How long to wait for the centre's next word, ms. */
  patienceMs: number;
}

/** Most bytes on their way at once. */
const WINDOW_BYTES = 128 * 1024;
const IDLE_MS = 60_000;

/**
 * Brings queued submissions to the centre, in turn, for ever: manifest, the chunks that the centre's signed `need` names,
 * and questions whenever an answer fails to come. It never ends one: a receipt does, elsewhere, by taking its row away.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  readonly #needs = new Map<string, [number, number][]>();
  readonly #backoff = new Backoff(500, 30_000);
  /** Where the turn is, so that one submission without an answer does not keep the others waiting. */
  #turn = 0;
  #loop: Promise<void> | undefined;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** There is something new to send, or a receipt has come. */
  ring(): void {
    this.#bell.ring();
  }

  /** The centre names what it misses, as inclusive ranges of chunk numbers. */
  needs(sid: string, missing: [number, number][]): void {
    this.#needs.set(sid, missing);
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { link, clock } = this.#options;
    const ring = () => this.ring();
    const offs = [link.events.on("host", ring), link.events.on("up", ring), link.events.on("down", ring)];
    while (!this.#stop.signal.aborted) {
      const row = link.hostOnline ? await this.#next() : undefined;
      if (!row) {
        await this.#bell.wait(clock, IDLE_MS, this.#stop.signal);
        continue;
      }
      const ended = await this.#upload(row).catch((error: unknown) => {
        log("unreadable", { sid: row.sid }, error);
        return false;
      });
      this.#needs.delete(row.sid);
      if (ended) this.#backoff.reset();
      else await clock.sleep(this.#backoff.next(), this.#stop.signal);
    }
    for (const off of offs) off();
  }

  async #next(): Promise<QueuedSubmission | undefined> {
    const row = await this.#options.store
      .get<QueuedSubmission & { turn: number }>(
        "SELECT rowid AS turn, * FROM submissions WHERE state = 'queued' ORDER BY rowid > ? DESC, rowid LIMIT 1",
        this.#turn,
      )
      .catch(() => undefined);
    if (row) this.#turn = row.turn;
    return row;
  }

  /** True when a receipt has ended it. */
  async #upload(row: QueuedSubmission): Promise<boolean> {
    const { link, unit } = this.#options;
    if (!(await link.publish(up.manifest(unit, row.sid), row.manifest))) return false;
    let silent = false;
    let before = "";
    for (;;) {
      const heard = await this.#heard(row);
      if (heard === "ended") return true;
      if (heard === "away") return false;
      if (heard === "nothing") {
        // An answer may be lost, or the centre knows nothing of it any more and needs the manifest again.
        if (silent) {
          log("unanswered", { sid: row.sid });
          return false;
        }
        silent = true;
      } else {
        silent = false;
        // What the centre cannot keep, or a disk has spoilt here, must not keep the others waiting.
        const missing = JSON.stringify(heard);
        if (missing === before) {
          log("notTaken", { sid: row.sid });
          return false;
        }
        before = missing;
        if (!(await this.#send(row, heard))) return false;
        // What was heard meanwhile is older than what was sent; the answer to the question below is not.
        this.#needs.delete(row.sid);
      }
      if (!(await link.publish(up.query(unit, row.sid), "{}"))) return false;
    }
  }

  /** What the centre says next, within its patience. */
  async #heard(row: QueuedSubmission): Promise<[number, number][] | "ended" | "nothing" | "away"> {
    const { clock, link, store, patienceMs } = this.#options;
    const end = clock.mono() + patienceMs;
    for (;;) {
      const still = await store.get("SELECT 1 FROM submissions WHERE sid = ? AND state = 'queued'", row.sid);
      if (!still) return "ended";
      if (!link.hostOnline || this.#stop.signal.aborted) return "away";
      const missing = this.#needs.get(row.sid);
      this.#needs.delete(row.sid);
      if (missing) return missing;
      const left = end - clock.mono();
      if (left <= 0) return "nothing";
      await this.#bell.wait(clock, left, this.#stop.signal);
    }
  }

  /** Sends chunks with few on their way at once. False when one was not taken. */
  async #send(row: QueuedSubmission, missing: [number, number][]): Promise<boolean> {
    const { link, unit, files } = this.#options;
    const last = Math.ceil(row.size / TRANSPORT_CHUNK) - 1;
    const numbers = missing.flatMap(([from, to]) =>
      Array.from({ length: Math.max(0, Math.min(to, last) - from + 1) }, (_, i) => from + i),
    );
    const window = Math.max(1, Math.min(Math.floor(WINDOW_BYTES / TRANSPORT_CHUNK), link.receiveMaximum));
    for (let at = 0; at < numbers.length; at += window) {
      const sent = await Promise.all(
        numbers.slice(at, at + window).map(async (n) => {
          const bytes = await files.read(row.sid, n * TRANSPORT_CHUNK, TRANSPORT_CHUNK);
          return link.publish(up.chunk(unit, row.sid, n), bytes);
        }),
      );
      if (sent.includes(false) || this.#stop.signal.aborted) return false;
    }
    return true;
  }
}
