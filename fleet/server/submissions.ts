import { type Fault, ok, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import { dn, type Manifest, ManifestSchema, type Receipt, signJws, verifyJws } from "../contract/index.ts";
import type { Applications } from "./applications.ts";
import { audit } from "./audit.ts";
import { type Context, seconds } from "./context.ts";
import type { Row } from "./db.ts";
import { log } from "./faults.ts";
import { type Packets, storedManifest } from "./packets.ts";
import type { Units } from "./units.ts";

interface Stored {
  sid: string;
  unit: string;
  manifestHash: string;
  manifest: string;
  state: "receiving" | "accepted" | "rejected";
  reason: string | null;
  receipt: string | null;
}

/** Most ranges that one `need` names; the rest is asked for with the next. */
const MAX_RANGES = 256;

/**
 * Takes submissions in: manifest, chunks in any order and number, each stored once; opens the packet, and only then
 * answers with a signed `accepted`, after which the unit may erase. Everything may come twice.
 */
export class Submissions {
  readonly #context: Context;
  readonly #units: Units;
  readonly #packets: Packets;
  readonly #applications: Applications;

  constructor(context: Context, units: Units, packets: Packets, applications: Applications) {
    this.#context = context;
    this.#units = units;
    this.#packets = packets;
    this.#applications = applications;
  }

  /** A manifest. A forged one, or one of another unit, is neither stored nor answered. */
  async manifest(unit: string, sid: string, token: string): Promise<void> {
    const key = await this.#units.deviceKey(unit);
    if (!key) return log("ignored", { unit, kind: "manifest", reason: "unit unknown" });
    const manifest = verifyJws("guichet.manifest.v1", ManifestSchema, token, [key]);
    if (!manifest.ok) return log("ignored", { unit, kind: "manifest", reason: manifest.error.code });
    if (manifest.value.unit !== unit || manifest.value.sid !== sid)
      return log("ignored", { unit, kind: "manifest", reason: "another's" });
    const manifestHash = sha256Hex(token);
    const now = this.#context.clock.wall();
    const stored = await this.#context.db.tx(async (tx) => {
      await tx.run(
        `INSERT INTO submissions (sid, unit, manifestHash, manifest, state, firstAt) VALUES (?, ?, ?, ?, 'receiving', ?)
         ON CONFLICT (sid) DO NOTHING`,
        sid,
        unit,
        manifestHash,
        token,
        now,
      );
      return tx.get<Stored>("SELECT * FROM submissions WHERE sid = ?", sid);
    });
    if (!stored) return;
    if (stored.unit !== unit || stored.manifestHash !== manifestHash) {
      log("rejected", { unit, sid, reason: "conflict" });
      await this.#context.db.tx((tx) => audit(tx, this.#context, "centre", "alarm.conflict", sid, unit));
      return this.#receipt(unit, { sid, manifestHash, state: "rejected", reason: "conflict" });
    }
    this.#changed(sid);
    await this.#advance(stored, manifest.value, true);
  }

  /** A chunk. One without a manifest is dropped: the unit asks, and sends again. */
  async chunk(unit: string, sid: string, n: number, bytes: Uint8Array): Promise<void> {
    const stored = await this.#stored(sid);
    if (!stored || stored.unit !== unit || stored.state !== "receiving") return;
    const manifest = storedManifest(stored.manifest);
    const expected = manifest.chunks[n];
    if (expected === undefined || sha256Hex(bytes) !== expected)
      return log("ignored", { unit, kind: "chunk", reason: "hash" });
    if (!this.#packets.have(sid).has(n)) this.#packets.keep(sid, n, bytes);
    await this.#advance(stored, manifest, false);
  }

  /** The unit asks how far it is. About an unknown submission nothing is said: the unit begins with the manifest. */
  async query(unit: string, sid: string): Promise<void> {
    const stored = await this.#stored(sid);
    if (!stored || stored.unit !== unit) {
      log("ignored", { unit, kind: "query", reason: "unknown submission" });
      return;
    }
    await this.#advance(stored, storedManifest(stored.manifest), true);
  }

  /** Those that wait for more, or for somebody to decide, and the newest of the others; newest first, nothing personal. */
  list(ended = 500): Promise<Row[]> {
    return this.#context.db.tx((tx) =>
      tx.all(
        `SELECT sid, unit, state, reason, reference, number, firstAt, acceptedAt, way FROM submissions s
         WHERE state = 'receiving' OR EXISTS (SELECT 1 FROM applications WHERE sid = s.sid AND state = 'received')
           OR sid IN (SELECT sid FROM submissions ORDER BY firstAt DESC LIMIT ?)
         ORDER BY firstAt DESC`,
        ended,
      ),
    );
  }

  /** Goes as far as it can: answers what there is, asks for what is missing, or takes the submission in. */
  async #advance(stored: Stored, manifest: Manifest, answerNeed: boolean): Promise<void> {
    const { sid, unit, manifestHash } = stored;
    if (stored.receipt) {
      await this.#context.publish(dn.receipt(unit, sid), stored.receipt);
      return;
    }
    // No fault of the person's: without an answer the unit keeps it, and sends it once its key is here.
    if (!this.#packets.isForUs(manifest)) return this.#notForUs(stored);
    let missing = this.#missing(sid, manifest);
    // What this disk has spoilt since is no fault of the unit, whose copy is sound: it is asked for again.
    if (missing.length === 0 && this.#packets.dropDamaged(manifest) > 0) {
      log("spoilt", { unit, sid });
      missing = this.#missing(sid, manifest);
    }
    if (missing.length > 0) {
      if (answerNeed) await this.#receipt(unit, { sid, manifestHash, state: "need", missing });
      return;
    }
    const taken = await this.#takeIn(stored, manifest);
    if (!taken.ok) {
      log("rejected", { unit, sid, reason: taken.error.code });
      await this.#end(stored, "rejected", taken.error.code);
    }
  }

  async #takeIn(stored: Stored, manifest: Manifest): Promise<Result<void, Fault>> {
    const { sid, unit } = stored;
    const opened = await this.#packets.openWhole(manifest);
    if (!opened.ok) return opened;
    const { content } = opened.value;
    const number = `R${seconds(this.#context.clock).toString(36).toUpperCase()}-${sid.slice(-6).toUpperCase()}`;
    const receipt = this.#sign(unit, { sid, manifestHash: stored.manifestHash, state: "accepted", number });
    const first = await this.#context.db.tx(async (tx) => {
      const changed = await tx.run(
        `UPDATE submissions SET state = 'accepted', reason = NULL, reference = ?, number = ?, acceptedAt = ?, way = ?, receipt = ?
         WHERE sid = ? AND state = 'receiving'`,
        content.reference,
        number,
        this.#context.clock.wall(),
        content.identity.way,
        receipt,
        sid,
      );
      if (changed === 1) await this.#applications.receive(tx, content);
      return changed === 1;
    });
    if (first) log("accepted", { unit, sid });
    await this.#context.publish(dn.receipt(unit, sid), receipt);
    this.#changed(sid);
    return ok(undefined);
  }

  /** Tells it once, however often the unit asks. */
  async #notForUs({ sid, unit, reason }: Stored): Promise<void> {
    const code = "packet.notForUs";
    if (reason === code) return;
    await this.#context.db.tx(async (tx) => {
      await tx.run("UPDATE submissions SET reason = ? WHERE sid = ?", code, sid);
      await audit(tx, this.#context, "centre", "alarm.notForUs", sid, unit);
    });
    log("notForUs", { unit, sid });
    this.#changed(sid);
  }

  async #end(stored: Stored, state: "rejected", code: string): Promise<void> {
    const reason = code.slice(0, 40);
    const receipt = this.#sign(stored.unit, {
      sid: stored.sid,
      manifestHash: stored.manifestHash,
      state,
      reason,
    });
    await this.#context.db.tx((tx) =>
      tx.run(
        "UPDATE submissions SET state = ?, reason = ?, receipt = ? WHERE sid = ?",
        state,
        reason,
        receipt,
        stored.sid,
      ),
    );
    await this.#context.publish(dn.receipt(stored.unit, stored.sid), receipt);
    this.#changed(stored.sid);
  }

  #missing(sid: string, manifest: Manifest): [number, number][] {
    const have = this.#packets.have(sid);
    const ranges: [number, number][] = [];
    for (let n = 0; n < manifest.chunks.length; n++) {
      if (have.has(n)) continue;
      const last = ranges.at(-1);
      if (last && last[1] === n - 1) last[1] = n;
      else if (ranges.length < MAX_RANGES) ranges.push([n, n]);
    }
    return ranges;
  }

  #sign(unit: string, receipt: Omit<Receipt, "v" | "unit" | "iat">): string {
    const whole: Receipt = { v: 1, unit, ...receipt, iat: seconds(this.#context.clock) };
    return signJws("guichet.receipt.v1", whole, this.#context.keys.sign.receipt);
  }

  async #receipt(unit: string, receipt: Omit<Receipt, "v" | "unit" | "iat">): Promise<void> {
    await this.#context.publish(dn.receipt(unit, receipt.sid), this.#sign(unit, receipt), { expiryS: 600 });
  }

  #stored(sid: string): Promise<Stored | undefined> {
    return this.#context.db.tx((tx) => tx.get<Stored>("SELECT * FROM submissions WHERE sid = ?", sid));
  }

  #changed(sid: string): void {
    this.#context.events.emit("changed", { kind: "submission", id: sid });
  }
}
