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
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Link } from "../link/index.ts";
import { nextCounter, type Store } from "../store/index.ts";
import { PacketFiles } from "./packets.ts";
import { type QueuedSubmission, Uploader } from "./uploader.ts";

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

const PATIENCE_MS = 10_000;

/**
 * Submissions from the person's last touch to the centre's receipt. Sealed and durable before a reference is given;
 * sent, resumed and asked about until the centre's signed receipt over the manifest's hash; erased only then.
 */
export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #files: PacketFiles;
  readonly #uploader: Uploader;
  readonly events = new Emitter<{ changed: undefined }>();

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    this.#files = new PacketFiles(options.state);
    this.#uploader = new Uploader({
      ...options,
      files: this.#files,
      unit: options.configuration.unit,
      patienceMs: options.patienceMs ?? PATIENCE_MS,
    });
    options.link.receive("sub", (path, payload) => this.#receipt(path, payload));
  }

  /** Clears leftovers of a cut; call once before `start`. */
  async recover(): Promise<void> {
    const rows = await this.#options.store.all<{ sid: string }>("SELECT sid FROM submissions");
    const swept = await this.#files.sweep(new Set(rows.map((row) => row.sid)));
    if (swept > 0) log("swept", { count: swept });
  }

  start = (): void => this.#uploader.start();
  stop = (): Promise<void> => this.#uploader.stop();

  /** Submissions that the centre has not accepted: those that wait, and those that it rejected and a person must look at. */
  async pending(): Promise<{ count: number; rejected: number; oldestAt?: number }> {
    const row = await this.#options.store.get<{ n: number; rejected: number; oldest: number | null }>(
      "SELECT count(*) AS n, coalesce(sum(state = 'rejected'), 0) AS rejected, min(created_at) AS oldest FROM submissions",
    );
    return {
      count: row?.n ?? 0,
      rejected: row?.rejected ?? 0,
      ...(row?.oldest ? { oldestAt: row.oldest } : {}),
    };
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
      this.#uploader.ring();
      this.events.emit("changed", undefined);
      return ok({ sid, reference, receiptCode });
    } catch (error) {
      await this.#unnamed(sid).catch(() => undefined);
      return err(submissionFault("notStored", { reason: isFault(error) ? error.code : "write" }, error));
    } finally {
      key.fill(0);
    }
  }

  /**
   * Removes the packet of a submission that was not stored, or each "Try again" left another one. A store that cannot say
   * whether a row names it may have the row: then the next start looks.
   */
  async #unnamed(sid: string): Promise<void> {
    const row = await this.#options.store.get("SELECT sid FROM submissions WHERE sid = ?", sid);
    if (!row) await this.#files.remove(sid);
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
    const row = await store.get<QueuedSubmission>(
      "SELECT * FROM submissions WHERE sid = ?",
      receipt.value.sid,
    );
    if (!row) return;
    if (
      receipt.value.unit !== configuration.unit ||
      receipt.value.sid !== sid ||
      receipt.value.manifestHash !== row.manifest_hash
    ) {
      return log("ignored", { sid: row.sid, reason: "another's" });
    }
    if (receipt.value.state === "need") {
      this.#uploader.needs(row.sid, receipt.value.missing ?? []);
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
    this.#uploader.ring();
    this.events.emit("changed", undefined);
  }

  /**
   * The sealed key first (in its row, which SQLite overwrites), then the file; the tombstone stands in the same write as
   * the first. After a cut between the two, `recover` removes the file.
   */
  async #erase(row: QueuedSubmission, receipt: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.tx(async (t) => {
      const { changes } = await t.run("DELETE FROM submissions WHERE sid = ?", row.sid);
      if (changes === 0) return; // a second receipt
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
}
