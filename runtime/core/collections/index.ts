import { type Clock, defineEvents, Emitter } from "../../../drivers/kit/index.ts";
import {
  AckSchema,
  AssignmentSchema,
  type AuthState,
  itemHashOf,
  peekJws,
  ReleaseSchema,
  SettlementSchema,
  type SigningKey,
  signJws,
  up,
  VoucherSchema,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Link } from "../link/index.ts";
import { type Row, readSetting, type Store, writeSetting } from "../store/index.ts";

const log = defineEvents("collections", {
  stored: { level: "info", what: "A signed document of the centre was stored", fields: ["kind", "id"] },
  ignored: { level: "warn", what: "A document was not taken", fields: ["reason"] },
});

interface Stored extends Row {
  id: string;
  kind: string;
  jws: string;
  item_hash: string | null;
  exp: number;
}

const REPORT_MS = 15_000;
const DIGEST_MS = 15 * 60_000;

/**
 * The centre's signed documents for this unit: kept before they are acknowledged, found when a person or staff need
 * them, and compared with the centre so that a lost one is sent again. It also forwards the vault's journal. It judges
 * nothing: the vault does that itself.
 */
export class Collections {
  readonly #store: Store;
  readonly #link: Link;
  readonly #devices: Devices;
  readonly #configuration: UnitConfiguration;
  readonly #deviceKey: SigningKey;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly events = new Emitter<{
    release: { voucher: string; challenge: string; jws: string };
    changed: undefined;
    wake: undefined;
  }>();
  #loops: Promise<void>[] = [];

  constructor(options: {
    store: Store;
    link: Link;
    devices: Devices;
    configuration: UnitConfiguration;
    deviceKey: SigningKey;
    clock: Clock;
  }) {
    this.#store = options.store;
    this.#link = options.link;
    this.#devices = options.devices;
    this.#configuration = options.configuration;
    this.#deviceKey = options.deviceKey;
    this.#clock = options.clock;
    this.#link.receive("auth", (path, payload) => this.#receive(path, payload.toString("latin1")));
  }

  start(): void {
    const wake = () => this.events.emit("wake", undefined);
    this.#devices.onVault("journal", wake);
    this.#link.events.on("host", (online) => {
      if (online) void this.#sendDigest();
      wake();
    });
    this.#loops = [this.#forwardJournal(), this.#digests()];
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.events.emit("wake", undefined);
    await Promise.all(this.#loops);
  }

  /** Vouchers that the key of a receipt opens, the latest of each item first. */
  async vouchersOf(keyId: string): Promise<{ id: string; jws: string }[]> {
    const rows = await this.#live(
      "SELECT * FROM documents WHERE kind = 'voucher' AND key_id = ? AND exp > ? ORDER BY seq DESC",
      keyId,
    );
    return newestPerItem(rows);
  }

  /** Vouchers by the reference number of the application: for people without their receipt. */
  async vouchersOfReference(reference: string): Promise<{ id: string; jws: string }[]> {
    const rows = await this.#live(
      "SELECT * FROM documents WHERE kind = 'voucher' AND exp > ? ORDER BY seq DESC",
    );
    return newestPerItem(
      rows.filter(
        (row) => (peekJws(row.jws)?.payload as { reference?: string } | undefined)?.reference === reference,
      ),
    );
  }

  /** The assignment of an item code to this unit. */
  async assignmentOf(item: string): Promise<string | undefined> {
    const [row] = await this.#live(
      "SELECT * FROM documents WHERE kind = 'assignment' AND item_hash = ? AND exp > ? ORDER BY exp DESC",
      itemHashOf(item),
    );
    return row?.jws;
  }

  /** Asks the centre for an officer: one who sees the person releases the voucher for the vault's challenge. */
  requestRelease(voucher: string, challenge: string, slot: string): Promise<boolean> {
    return this.#link.report(
      "release",
      up.event(this.#configuration.unit, "release"),
      { voucher, challenge, slot },
      false,
      180,
    );
  }

  #live(sql: string, ...values: string[]): Promise<Stored[]> {
    return this.#store.all<Stored>(sql, ...values, Math.floor(this.#clock.wall() / 1000));
  }

  async #receive([id = "", ack]: string[], jws: string): Promise<void> {
    if (ack === "ack") return this.#acknowledged(jws);
    const known = peekJws(jws)?.type;
    const { keys } = this.#configuration.centre;
    switch (known) {
      case "guichet.voucher.v1": {
        const voucher = verifyJws("guichet.voucher.v1", VoucherSchema, jws, keys);
        if (!voucher.ok) return log("ignored", { reason: voucher.error.code });
        const { item, keyId, seq, exp, unit } = voucher.value;
        return this.#keep({
          id: voucher.value.id,
          unit,
          kind: "voucher",
          jws,
          keyId: keyId ?? null,
          itemHash: itemHashOf(item),
          seq,
          exp,
        });
      }
      case "guichet.assignment.v1": {
        const assignment = verifyJws("guichet.assignment.v1", AssignmentSchema, jws, keys);
        if (!assignment.ok) return log("ignored", { reason: assignment.error.code });
        const { item, exp, unit } = assignment.value;
        return this.#keep({
          id: assignment.value.id,
          unit,
          kind: "assignment",
          jws,
          keyId: null,
          itemHash: itemHashOf(item),
          seq: 0,
          exp,
        });
      }
      case "guichet.release.v1": {
        const release = verifyJws("guichet.release.v1", ReleaseSchema, jws, keys);
        if (!release.ok) return log("ignored", { reason: release.error.code });
        this.events.emit("release", {
          voucher: release.value.voucher,
          challenge: release.value.challenge,
          jws,
        });
        return this.#keep({
          id,
          unit: release.value.unit,
          kind: "release",
          jws,
          keyId: null,
          itemHash: null,
          seq: 0,
          exp: release.value.exp,
        });
      }
      case "guichet.settlement.v1": {
        const settlement = verifyJws("guichet.settlement.v1", SettlementSchema, jws, keys);
        if (!settlement.ok) return log("ignored", { reason: settlement.error.code });
        await this.#keep({
          id: settlement.value.id,
          unit: settlement.value.unit,
          kind: "settlement",
          jws,
          keyId: null,
          itemHash: null,
          seq: 0,
          exp: settlement.value.exp,
        });
        await this.#devices.vault("settle", { settlement: jws });
        return;
      }
      default:
        log("ignored", { reason: "kind" });
    }
  }

  async #keep(document: {
    id: string;
    unit: string;
    kind: string;
    jws: string;
    keyId: string | null;
    itemHash: string | null;
    seq: number;
    exp: number;
  }): Promise<void> {
    if (document.unit !== this.#configuration.unit) return log("ignored", { reason: "unit" });
    await this.#store.tx(async (t) => {
      await t.run("DELETE FROM documents WHERE exp < ?", Math.floor(this.#clock.wall() / 1000));
      // A lower sequence never replaces a higher one.
      await t.run(
        `INSERT INTO documents (id, kind, jws, key_id, item_hash, seq, exp) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET jws = excluded.jws, seq = excluded.seq, exp = excluded.exp WHERE excluded.seq > documents.seq`,
        document.id,
        document.kind,
        document.jws,
        document.keyId,
        document.itemHash,
        document.seq,
        document.exp,
      );
    });
    log("stored", { kind: document.kind, id: document.id });
    this.events.emit("changed", undefined);
  }

  async #acknowledged(jws: string): Promise<void> {
    const ack = verifyJws("guichet.ack.v1", AckSchema, jws, this.#configuration.centre.keys);
    if (!ack.ok || ack.value.unit !== this.#configuration.unit || ack.value.stream !== "vault")
      return log("ignored", { reason: "ack" });
    const acked = await readSetting(this.#store, "vaultJournalAcked");
    if (ack.value.upTo <= acked) return;
    await this.#store.tx((t) => writeSetting(t, "vaultJournalAcked", ack.value.upTo));
    this.events.emit("wake", undefined);
  }

  /** Sends the vault's rows after the last acknowledged one, again and again until they are. */
  async #forwardJournal(): Promise<void> {
    const { unit } = this.#configuration;
    while (!this.#stop.signal.aborted) {
      if (this.#link.hostOnline) {
        const after = await readSetting(this.#store, "vaultJournalAcked").catch(() => 0);
        const read = await this.#devices.vault("journal.read", { after });
        const rows = read.ok ? read.value.body.rows : [];
        if (rows.length > 0) {
          const jws = signJws("guichet.event.v1", { v: 1, unit, stream: "vault", rows }, this.#deviceKey);
          await this.#link.publish(up.event(unit, "vault"), jws);
        }
      }
      await this.#woken(REPORT_MS);
    }
  }

  async #digests(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#clock.sleep(DIGEST_MS, this.#stop.signal);
      await this.#sendDigest();
    }
  }

  /** Tells the centre which documents are here; it sends those that are missing. */
  async #sendDigest(): Promise<void> {
    if (!this.#link.hostOnline) return;
    const rows = await this.#live("SELECT * FROM documents WHERE exp > ?").catch(() => []);
    const state: AuthState = {
      highSeq: Math.max(0, ...rows.map((row) => Number(row.seq ?? 0))),
      have: rows.map((row) => row.id).slice(0, 2_000),
    };
    await this.#link.report("authState", up.authState(this.#configuration.unit), state);
  }

  async #woken(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const timer = new AbortController();
    const off = this.events.on("wake", () => timer.abort());
    await this.#clock.sleep(ms, timer.signal);
    off();
  }
}

function newestPerItem(rows: Stored[]): { id: string; jws: string }[] {
  const seen = new Set<string | null>();
  return rows
    .filter((row) => !seen.has(row.item_hash) && seen.add(row.item_hash))
    .map(({ id, jws }) => ({ id, jws }));
}
