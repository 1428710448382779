import { check, err, newId, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import {
  AuthStateSchema,
  type Credential,
  dn,
  EnvelopeSchema,
  type Release,
  type Settlement,
  signJws,
} from "../contract/index.ts";
import { audit } from "./audit.ts";
import { type Context, seconds } from "./context.ts";
import type { Row, Tx } from "./db.ts";
import { centreFault, log } from "./faults.ts";
import type { Operator } from "./operators.ts";

type AuthorisationKind = "voucher" | "assignment" | "release" | "settlement";

/** Lives of signed documents, s. */
export const LIFE = { voucher: 7 * 86_400, release: 120, credential: 3_600, settlement: 86_400 } as const;
/** A voucher that ends within this is renewed, s: a unit may be away for a day. */
export const RENEW_BEFORE = 2 * 86_400;
/** Most unlocks that a credential pays for. */
const CREDENTIAL_UNLOCKS = 60;

/** Signed permissions: kept, sent to their unit, and sent again when the unit says that it misses them. */
export class Authorisations {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Writes one down, inside the transaction of what it follows from. Send it with `send` afterwards. */
  async keep(
    tx: Tx,
    kind: AuthorisationKind,
    document: { id: string; unit: string; exp: number; jws: string; seq?: number; application?: string },
    operator: string,
  ): Promise<void> {
    await tx.run(
      "INSERT INTO authorisations (id, unit, kind, jws, application, seq, exp, at, operator) VALUES (?,?,?,?,?,?,?,?,?)",
      document.id,
      document.unit,
      kind,
      document.jws,
      document.application ?? null,
      document.seq ?? null,
      document.exp,
      this.#context.clock.wall(),
      operator,
    );
  }

  /** Publishes documents by id; those that the broker does not take go when the unit asks next. */
  async send(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const row = await this.#context.db.tx((tx) =>
        tx.get<{ unit: string; kind: string; jws: string; exp: number }>(
          "SELECT unit, kind, jws, exp FROM authorisations WHERE id = ?",
          id,
        ),
      );
      if (!row) continue;
      const left = row.exp - seconds(this.#context.clock);
      if (left <= 0) continue;
      if (await this.#context.publish(dn.auth(row.unit, id), row.jws, { expiryS: left }))
        log("sent", { unit: row.unit, kind: row.kind, id });
    }
  }

  /** A unit says which documents it holds: it is sent every live one that it misses, lowest sequence first. */
  async repair(unit: string, payload: Uint8Array): Promise<void> {
    const envelope = parseJson(EnvelopeSchema, Buffer.from(payload).toString("utf8"), "auth state");
    const state = envelope.ok ? check(AuthStateSchema, envelope.value.d, "auth state") : envelope;
    if (!state.ok) return log("ignored", { unit, kind: "auth state", reason: "schema" });
    const has = new Set(state.value.have);
    const live = await this.#context.db.tx((tx) =>
      tx.all<{ id: string }>(
        `SELECT a.id FROM authorisations a LEFT JOIN applications p ON p.id = a.application
         WHERE a.unit = ? AND a.exp > ? AND (p.id IS NULL OR p.collectedAt IS NULL)
         ORDER BY a.seq, a.at`,
        unit,
        seconds(this.#context.clock),
      ),
    );
    await this.send(live.map(({ id }) => id).filter((id) => !has.has(id)));
  }

  /**
   * An officer's release of one voucher for the challenge that the unit's vault has open.
   * Faults: `centre.notFound` when the voucher is not a live one of this unit.
   */
  async release(
    unit: string,
    voucher: string,
    challenge: string,
    by: Operator,
  ): Promise<Result<{ id: string }>> {
    const now = seconds(this.#context.clock);
    const id = `release-${newId(this.#context.clock.wall())}`;
    const release: Release = { v: 1, unit, voucher, challenge, operator: by.id, exp: now + LIFE.release };
    const jws = signJws("guichet.release.v1", release, this.#context.keys.sign.release);
    const kept = await this.#context.db.tx(async (tx) => {
      const row = await tx.get<{ application: string }>(
        "SELECT application FROM authorisations WHERE id = ? AND unit = ? AND kind = 'voucher' AND exp > ?",
        voucher,
        unit,
        now,
      );
      if (!row) return false;
      await this.keep(tx, "release", { id, unit, exp: release.exp, jws }, by.id);
      await audit(tx, this.#context, by.id, "release", row.application, unit);
      return true;
    });
    if (!kept) return err(centreFault("notFound", { voucher }));
    await this.send([id]);
    return ok({ id });
  }

  /** A named operator's finding about a slot in state `unknown`. */
  async settle(
    finding: Pick<Settlement, "unit" | "slot" | "effect" | "finding">,
    by: Operator,
  ): Promise<Result<{ id: string }>> {
    const id = `settle-${newId(this.#context.clock.wall())}`;
    const exp = seconds(this.#context.clock) + LIFE.settlement;
    const settlement: Settlement = { v: 1, id, ...finding, operator: by.id, exp };
    const jws = signJws("guichet.settlement.v1", settlement, this.#context.keys.sign.release);
    await this.#context.db.tx(async (tx) => {
      await this.keep(tx, "settlement", { id, unit: finding.unit, exp, jws }, by.id);
      await audit(tx, this.#context, by.id, "settle", `${finding.unit}/${finding.slot}`, finding.finding);
    });
    await this.send([id]);
    return ok({ id });
  }

  /**
   * A credential for the operator's own exchange at a unit. Refused (`centre.samePerson`) to somebody who approved or
   * assigned a document that still waits to be loaded there.
   */
  async credential(unit: string, by: Operator): Promise<Result<{ credential: Credential; jws: string }>> {
    const now = seconds(this.#context.clock);
    const credential: Credential = {
      v: 1,
      id: `cred-${newId(this.#context.clock.wall())}`,
      unit,
      operator: by.id,
      nbf: now - 60,
      exp: now + LIFE.credential,
      unlocks: CREDENTIAL_UNLOCKS,
    };
    const allowed = await this.#context.db.tx(async (tx) => {
      const conflict = await tx.get(
        "SELECT 1 FROM applications WHERE unit = ? AND state = 'assigned' AND (approvedBy = ? OR assignedBy = ?)",
        unit,
        by.id,
        by.id,
      );
      if (conflict) return false;
      await tx.run(
        "INSERT INTO credentials (id, unit, operator, exp, at) VALUES (?, ?, ?, ?, ?)",
        credential.id,
        unit,
        by.id,
        credential.exp,
        this.#context.clock.wall(),
      );
      await audit(tx, this.#context, by.id, "credential", unit);
      return true;
    });
    if (!allowed) return err(centreFault("samePerson"));
    return ok({
      credential,
      jws: signJws("guichet.credential.v1", credential, this.#context.keys.sign.exchange),
    });
  }

  /** Whether the operator could open an exchange at the unit right now. */
  async holdsCredential(tx: Tx, unit: string, operator: string): Promise<boolean> {
    const row = await tx.get<Row>(
      "SELECT 1 FROM credentials WHERE unit = ? AND operator = ? AND exp > ?",
      unit,
      operator,
      seconds(this.#context.clock),
    );
    return row !== undefined;
  }
}
