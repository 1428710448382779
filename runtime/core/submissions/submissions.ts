import {
  type Clock,
  defineErrors,
  defineEvents,
  Emitter,
  err,
  isFault,
  newId,
  ok,
  type Result,
  sha256Hex,
} from "../../../drivers/kit/index.ts";
import { appendJournal } from "../../../drivers/store/index.ts";
import {
  collectionKeyId,
  makeReceiptCode,
  makeReference,
  newCollectionKey,
  type PacketContent,
  type PacketPart,
  ReceiptSchema,
  type SigningKey,
  sealPacket,
  TRANSPORT_CHUNK,
  up,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Link } from "../link/index.ts";
import { nextCounter, type Row, type Store } from "../store/index.ts";
import { PacketFiles } from "./packets.ts";

export const submissionFault = defineErrors("submission", {
  notStored: {
    what: "The submission could not be stored",
    todo: "Nothing was sent; try once more, or ask for help",
    remedy: "technician",
    cause: "hardware",
  },
});

const log = defineEvents("submission", {
  stored: {
    level: "info",
    what: "A sealed submission is durable; its reference was given",
    fields: ["sid", "bytes"],
  },
  erased: {
    level: "info",
    what: "The centre has it, by a signed receipt; it was erased here",
    fields: ["sid"],
  },
  rejected: {
    level: "error",
    what: "The centre rejects a submission; it is kept",
    fields: ["sid", "reason"],
  },
  ignored: { level: "warn", what: "A receipt was not taken", fields: ["sid", "reason"] },
  swept: {
    level: "info",
    what: "Leftovers of submissions that were never acknowledged were removed",
    fields: ["count"],
  },
});

/** What the visit hands over. Everything in it is the visit's to wipe afterwards. */
export interface Draft {
  language: string;
  applications: PacketContent["applications"];
  identity: PacketContent["identity"];
  captures: PacketContent["captures"];
  parts: PacketPart[];
}

export interface Submitted {
  sid: string;
  reference: string;
  /** Text of the receipt's QR code; it carries the collection key and exists nowhere else. */
  receiptCode: string;
}

interface Stored extends Row {
  sid: string;
  reference: string;
  manifest: string;
  manifest_hash: string;
  size: number;
  state: string;
}

export interface SubmissionsOptions {
  state: string;
  configuration: UnitConfiguration;
  store: Store;
  link: Link;
  deviceKey: SigningKey;
  clock: Clock;
  /** How long to wait for the centre's next word before asking again, ms. */
  patienceMs?: number;
}

const WINDOW_BYTES = 128 * 1024;
const PATIENCE_MS = 10_000;

/**
 * Submissions from the person's last touch to the centre's receipt. Sealed and durable before a reference is given;
 * sent, resumed and asked about until the centre's signed receipt over the manifest's hash; erased only then.
 */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #files: PacketFiles;
  readonly #stop = new AbortController();
  readonly #news = new Emitter<{ wake: undefined }>();
  readonly #needs = new Map<string, [number, number][]>();
  readonly events = new Emitter<{ changed: undefined }>();
  #loop: Promise<void> | undefined;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#files = new PacketFiles(options.state);
    options.link.receive("sub", (path, payload) => this.#receipt(path, payload));
  }

  /** Clears leftovers of a cut; call once before `start`. */
  async recover(): Promise<void> {
    const rows = await this.#options.store.all<{ sid: string }>("SELECT sid FROM submissions");
    const swept = await this.#files.sweep(new Set(rows.map((row) => row.sid)));
    if (swept > 0) log("swept", { count: swept });
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#news.emit("wake", undefined);
    await this.#loop;
  }

  /** Submissions that the centre has not acknowledged yet. */
  async pending(): Promise<{ count: number; oldestAt?: number }> {
    const row = await this.#options.store.get<{ n: number; oldest: number | null }>(
      "SELECT count(*) AS n, min(created_at) AS oldest FROM submissions",
    );
    return { count: row?.n ?? 0, ...(row?.oldest ? { oldestAt: row.oldest } : {}) };
  }

  /** Seals a visit's draft and makes it durable. The answer is the acknowledgement: from here on it is never lost. */
  async submit(draft: Draft): Promise<Result<Submitted>> {
    const { configuration, clock, store, deviceKey } = this.#options;
    const [recipient] = configuration.centre.sealTo;
    if (!recipient) return err(submissionFault("notStored"));
    const sid = newId(clock.wall());
    const key = newCollectionKey();
    try {
      const counter = await store.tx((t) => nextCounter(t, "reference"));
      const reference = makeReference(configuration.code, counter);
      const content: PacketContent = {
        v: 1,
        sid,
        unit: configuration.unit,
        reference,
        at: clock.wall(),
        language: draft.language,
        applications: draft.applications,
        identity: draft.identity,
        collectionKey: Buffer.from(key).toString("base64url"),
        captures: draft.captures,
      };
      const sealed = await sealPacket(
        { content, parts: draft.parts, createdAt: clock.wall() },
        recipient,
        deviceKey,
      );
      await this.#files.write(sid, sealed.ciphertext);
      await store.tx(async (t) => {
        await t.run(
          "INSERT INTO submissions (sid, reference, manifest, manifest_hash, size, state, created_at) VALUES (?, ?, ?, ?, ?, 'queued', ?)",
          sid,
          reference,
          sealed.jws,
          sha256Hex(sealed.jws),
          sealed.ciphertext.length,
          clock.wall(),
        );
        await appendJournal(t, clock.wall(), "submission.stored", {
          sid,
          bytes: sealed.ciphertext.length,
          keyId: collectionKeyId(key),
        });
      });
      log("stored", { sid, bytes: sealed.ciphertext.length });
      const receiptCode = makeReceiptCode(reference, key);
      this.#news.emit("wake", undefined);
      this.events.emit("changed", undefined);
      return ok({ sid, reference, receiptCode });
    } catch (error) {
      return err(submissionFault("notStored", { reason: isFault(error) ? error.code : "write" }, error));
    } finally {
      key.fill(0);
    }
  }

  async #run(): Promise<void> {
    const { link, store, clock } = this.#options;
    const wake = () => this.#news.emit("wake", undefined);
    const offs = [link.events.on("host", wake), link.events.on("up", wake)];
    while (!this.#stop.signal.aborted) {
      const row = link.hostOnline
        ? await store
            .get<Stored>("SELECT * FROM submissions WHERE state = 'queued' ORDER BY created_at LIMIT 1")
            .catch(() => undefined)
        : undefined;
      if (row) await this.#upload(row);
      else await this.#woken(clock, 60_000);
    }
    for (const off of offs) off();
  }

  /** Sends the manifest, then what the centre says is missing, until a receipt ends it or the link does. */
  async #upload(row: Stored): Promise<void> {
    const { link, configuration, clock, store } = this.#options;
    const { unit } = configuration;
    const patience = this.#options.patienceMs ?? PATIENCE_MS;
    this.#needs.delete(row.sid);
    if (!(await link.publish(up.manifest(unit, row.sid), row.manifest)))
      return void (await this.#woken(clock, 1_000));
    while (link.hostOnline && !this.#stop.signal.aborted) {
      await this.#woken(clock, patience, () => this.#needs.has(row.sid));
      const still = await store.get("SELECT 1 FROM submissions WHERE sid = ? AND state = 'queued'", row.sid);
      if (!still) return;
      const missing = this.#needs.get(row.sid);
      this.#needs.delete(row.sid);
      if (!missing) {
        // Nothing heard: ask. An answer may be lost, or the centre may know nothing of it and need the manifest again.
        if (!(await link.publish(up.query(unit, row.sid), "{}"))) return;
        await this.#woken(clock, patience, () => this.#needs.has(row.sid));
        if (!this.#needs.has(row.sid)) return;
        continue;
      }
      if (!(await this.#sendChunks(row, missing))) return;
      if (!(await link.publish(up.query(unit, row.sid), "{}"))) return;
    }
  }

  async #sendChunks(row: Stored, missing: [number, number][]): Promise<boolean> {
    const { link, configuration } = this.#options;
    const numbers = missing.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    const window = Math.max(1, Math.min(Math.floor(WINDOW_BYTES / TRANSPORT_CHUNK), link.receiveMaximum));
    for (let at = 0; at < numbers.length; at += window) {
      const sent = await Promise.all(
        numbers.slice(at, at + window).map(async (n) => {
          const bytes = await this.#files.read(row.sid, n * TRANSPORT_CHUNK, TRANSPORT_CHUNK);
          return link.publish(up.chunk(configuration.unit, row.sid, n), bytes);
        }),
      );
      if (sent.includes(false) || this.#stop.signal.aborted) return false;
    }
    return true;
  }

  async #receipt([sid = "", kind]: string[], payload: Buffer): Promise<void> {
    const { configuration, store, clock } = this.#options;
    if (kind !== "r") return;
    const receipt = verifyJws(
      "guichet.receipt.v1",
      ReceiptSchema,
      payload.toString("latin1"),
      configuration.centre.keys,
    );
    if (!receipt.ok) return log("ignored", { sid: sid.slice(0, 40), reason: receipt.error.code });
    const row = await store.get<Stored>("SELECT * FROM submissions WHERE sid = ?", receipt.value.sid);
    if (!row) return;
    if (
      receipt.value.unit !== configuration.unit ||
      receipt.value.sid !== sid ||
      receipt.value.manifestHash !== row.manifest_hash
    ) {
      return log("ignored", { sid: row.sid, reason: "another's" });
    }
    if (receipt.value.state === "need") {
      this.#needs.set(row.sid, receipt.value.missing ?? []);
      this.#news.emit("wake", undefined);
      return;
    }
    if (receipt.value.state === "rejected") {
      log("rejected", { sid: row.sid, reason: receipt.value.reason ?? "" });
      await store.tx(async (t) => {
        await t.run(
          "UPDATE submissions SET state = 'rejected', reason = ? WHERE sid = ?",
          receipt.value.reason ?? "",
          row.sid,
        );
        await appendJournal(t, clock.wall(), "submission.rejected", {
          sid: row.sid,
          reason: receipt.value.reason ?? "",
        });
      });
    } else await this.#erase(row, payload.toString("latin1"));
    this.#news.emit("wake", undefined);
    this.events.emit("changed", undefined);
  }

  /** The sealed key first (its row, overwritten by SQLite), then the file; the tombstone stands in the same write as the first. */
  async #erase(row: Stored, receipt: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.tx(async (t) => {
      await t.run("DELETE FROM submissions WHERE sid = ?", row.sid);
      await t.run(
        "INSERT INTO tombstones (sid, reference, manifest_hash, receipt, erased_at) VALUES (?, ?, ?, ?, ?)",
        row.sid,
        row.reference,
        row.manifest_hash,
        receipt,
        clock.wall(),
      );
      await appendJournal(t, clock.wall(), "submission.erased", { sid: row.sid });
    });
    await this.#files.remove(row.sid);
    log("erased", { sid: row.sid });
  }

  /** Waits for news, `ms` at most; at once when `already` holds. */
  async #woken(clock: Clock, ms: number, already: () => boolean = () => false): Promise<void> {
    if (already() || this.#stop.signal.aborted) return;
    const timer = new AbortController();
    const off = this.#news.on("wake", () => timer.abort());
    await clock.sleep(ms, timer.signal);
    off();
  }
}
