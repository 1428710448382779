import { type Clock, defineEvents, Emitter } from "../../../drivers/kit/index.ts";
import {
  AssignmentSchema,
  type AuthState,
  itemHashOf,
  peekJws,
  ReleaseSchema,
  SettlementSchema,
  up,
  VoucherSchema,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Link } from "../link/index.ts";
import type { Row, Store } from "../store/index.ts";
import type { VaultJournal } from "./vault-journal.ts";

const log = defineEvents("collections", {
  stored: { level: "info", what: "A signed document of the centre was stored", fields: ["kind", "id"] },
  ignored: { level: "warn", what: "A document was not taken", fields: ["reason"] },
  settled: { level: "info", what: "The vault has answered to a settlement", fields: ["id", "answer"] },
});

interface Stored extends Row {
  id: string;
  jws: string;
  item_hash: string | null;
  seq: number;
}

interface NewDocument {
  id: string;
  unit: string;
  kind: "voucher" | "assignment" | "release" | "settlement";
  jws: string;
  seq: number;
  exp: number;
  keyId?: string;
  item?: string;
  release?: { voucher: string; challenge: string };
}

export interface CollectionsOptions {
  store: Store;
  link: Link;
  devices: Devices;
  journal: VaultJournal;
  configuration: UnitConfiguration;
  clock: Clock;
}

const DIGEST_MS = 15 * 60_000;
/** A request for an officer is of no use after the vault's challenge, s. */
const REQUEST_LIFE_S = 180;

/**
 * The centre's signed documents for this unit: kept before they are acknowledged, found when a person or staff need
 * them, and compared with the centre so that a lost one is sent again. It judges nothing: the vault does that itself.
 */
export class Collections {
  readonly #options: CollectionsOptions;
  readonly #stop = new AbortController();
  readonly events = new Emitter<{
    release: { voucher: string; challenge: string; jws: string };
    changed: undefined;
  }>();
  #loop: Promise<void> | undefined;

  constructor(options: CollectionsOptions) {
    this.#options = options;
    options.link.receive("auth", ([id = "", ack], payload) => {
      const jws = payload.toString("latin1");
      return ack === "ack" ? options.journal.acknowledged(jws) : this.#receive(id, jws);
    });
  }

  start(): void {
    const { devices, link, journal } = this.#options;
    link.events.on("host", (online) => {
      if (online) void this.#sendDigest();
    });
    let ready = devices.vaultReady;
    devices.events.on("changed", () => {
      if (devices.vaultReady && !ready) void this.#settleAll();
      ready = devices.vaultReady;
    });
    void this.#settleAll();
    this.#loop ??= this.#digests();
    journal.start();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#loop, this.#options.journal.stop()]);
  }

  /** Vouchers that the key of a receipt opens, the latest of each item. */
  async vouchersOf(keyId: string): Promise<{ id: string; jws: string }[]> {
    return newestPerItem(
      await this.#live("kind = 'voucher' AND key_id = ? AND exp > ? ORDER BY seq DESC", keyId),
    );
  }

  /** Vouchers by the reference number of the application: for people without their receipt. */
  async vouchersOfReference(reference: string): Promise<{ id: string; jws: string }[]> {
    const rows = await this.#live("kind = 'voucher' AND exp > ? ORDER BY seq DESC");
    const referenceOf = ({ jws }: Stored) =>
      (peekJws(jws)?.payload as { reference?: string } | undefined)?.reference;
    return newestPerItem(rows.filter((row) => referenceOf(row) === reference));
  }

  /** The assignment of an item code to this unit. */
  async assignmentOf(item: string): Promise<string | undefined> {
    const [row] = await this.#live(
      "kind = 'assignment' AND item_hash = ? AND exp > ? ORDER BY exp DESC",
      itemHashOf(item),
    );
    return row?.jws;
  }

  /** Asks the centre for an officer: one who sees the person releases the voucher for the vault's challenge. False when it is away. */
  requestRelease(voucher: string, challenge: string, slot: string): Promise<boolean> {
    const { link, configuration } = this.#options;
    if (!link.hostOnline) return Promise.resolve(false);
    const topic = up.event(configuration.unit, "release");
    return link.report("release", topic, { voucher, challenge, slot }, false, REQUEST_LIFE_S);
  }

  /** Documents that have not ended; the last `?` of the condition is now. */
  #live(condition: string, ...values: string[]): Promise<Stored[]> {
    return this.#options.store.all<Stored>(
      `SELECT * FROM documents WHERE ${condition}`,
      ...values,
      this.#now(),
    );
  }

  #now = (): number => Math.floor(this.#options.clock.wall() / 1000);

  async #receive(topicId: string, jws: string): Promise<void> {
    const document = this.#verified(topicId, jws);
    if (!document) return;
    if (document.unit !== this.#options.configuration.unit) return log("ignored", { reason: "unit" });
    const fresh = await this.#keep(document);
    if (document.release) this.events.emit("release", { ...document.release, jws });
    // Not awaited: a message is acknowledged within moments or the connection dies. What is kept is not forgotten.
    if (document.kind === "settlement" && fresh) void this.#settle(document.id, jws);
  }

  #verified(topicId: string, jws: string): NewDocument | undefined {
    const { keys } = this.#options.configuration.centre;
    switch (peekJws(jws)?.type) {
      case "guichet.voucher.v1": {
        const voucher = verifyJws("guichet.voucher.v1", VoucherSchema, jws, keys);
        if (voucher.ok) return { kind: "voucher", jws, ...pick(voucher.value), seq: voucher.value.seq };
        return void log("ignored", { reason: voucher.error.code });
      }
      case "guichet.assignment.v1": {
        const assignment = verifyJws("guichet.assignment.v1", AssignmentSchema, jws, keys);
        if (assignment.ok) return { kind: "assignment", jws, ...pick(assignment.value) };
        return void log("ignored", { reason: assignment.error.code });
      }
      case "guichet.release.v1": {
        const release = verifyJws("guichet.release.v1", ReleaseSchema, jws, keys);
        // It has no id of its own: the centre's stands in the topic, and may not be taken for another document's.
        const id = /^release-[\w-]{1,56}$/.test(topicId) ? topicId : "release-unnamed";
        if (release.ok) {
          const { voucher, challenge } = release.value;
          return { kind: "release", jws, ...pick({ id, ...release.value }), release: { voucher, challenge } };
        }
        return void log("ignored", { reason: release.error.code });
      }
      case "guichet.settlement.v1": {
        const settlement = verifyJws("guichet.settlement.v1", SettlementSchema, jws, keys);
        if (settlement.ok) return { kind: "settlement", jws, ...pick(settlement.value) };
        return void log("ignored", { reason: settlement.error.code });
      }
      default:
        return void log("ignored", { reason: "kind" });
    }
  }

  /** False when it was here already, or a newer one is. */
  async #keep(document: NewDocument): Promise<boolean> {
    const { store } = this.#options;
    const { changes } = await store.tx(async (t) => {
      await t.run("DELETE FROM documents WHERE exp < ?", this.#now());
      // A lower sequence never replaces a higher one.
      return t.run(
        `INSERT INTO documents (id, kind, jws, key_id, item_hash, seq, exp) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET jws = excluded.jws, key_id = excluded.key_id, item_hash = excluded.item_hash,
           seq = excluded.seq, exp = excluded.exp WHERE excluded.seq > documents.seq AND excluded.kind = documents.kind`,
        document.id,
        document.kind,
        document.jws,
        document.keyId ?? null,
        document.item === undefined ? null : itemHashOf(document.item),
        document.seq,
        document.exp,
      );
    });
    if (changes === 0) return false;
    log("stored", { kind: document.kind, id: document.id });
    this.events.emit("changed", undefined);
    return true;
  }

  async #settleAll(): Promise<void> {
    const rows = await this.#live("kind = 'settlement' AND exp > ?").catch(() => []);
    for (const { id, jws } of rows) await this.#settle(id, jws);
  }

  /** Tells the vault, which judges and remembers; later, when it is away or not ready. */
  async #settle(id: string, jws: string): Promise<void> {
    const { devices, store } = this.#options;
    if (!devices.vaultReady) return;
    const answer = await devices.vault("settle", { settlement: jws });
    if (!answer.ok && /^ipc\.|^vault\.notReady$/.test(answer.error.code)) return;
    log("settled", { id, answer: answer.ok ? "done" : answer.error.code });
    await store
      .tx((t) => t.run("UPDATE documents SET kind = 'settlement.told' WHERE id = ?", id))
      .catch(() => undefined);
  }

  async #digests(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#options.clock.sleep(DIGEST_MS, this.#stop.signal);
      await this.#sendDigest();
    }
  }

  /** Tells the centre which documents are here; it sends those that are missing. */
  async #sendDigest(): Promise<void> {
    const { link, configuration } = this.#options;
    if (!link.hostOnline) return;
    const rows = await this.#live("exp > ?").catch(() => undefined);
    if (!rows) return;
    const state: AuthState = {
      highSeq: Math.max(0, ...rows.map((row) => row.seq)),
      have: rows.map((row) => row.id).slice(0, 2_000),
    };
    await link.report("authState", up.authState(configuration.unit), state);
  }
}

const pick = (document: {
  id: string;
  unit: string;
  exp: number;
  item?: string;
  keyId?: string;
}): Omit<NewDocument, "kind" | "jws"> => ({
  id: document.id,
  unit: document.unit,
  exp: document.exp,
  seq: 0,
  ...(document.item ? { item: document.item } : {}),
  ...(document.keyId ? { keyId: document.keyId } : {}),
});

function newestPerItem(rows: Stored[]): { id: string; jws: string }[] {
  const seen = new Set<string | null>();
  return rows
    .filter((row) => !seen.has(row.item_hash) && seen.add(row.item_hash))
    .map(({ id, jws }) => ({ id, jws }));
}
