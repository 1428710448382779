import {
  dn,
  type JournalReport,
  JournalReportSchema,
  type JournalRow,
  journalRowHash,
  signJws,
  verifyJws,
} from "../contract/index.ts";
import { audit } from "./audit.ts";
import { type Context, seconds } from "./context.ts";
import type { Row, Tx } from "./db.ts";
import { log } from "./faults.ts";
import type { Movements } from "./movements.ts";
import type { Units } from "./units.ts";

/** Names of the vault's rows that move a document on. */
const LOADED = "exchange.stored";
const UNLOADED = "exchange.empty";
const SETTLED = "slot.settled";
const OUTCOME = "handover.outcome";

/** The journals of the units' vaults: verified, chained, kept once, acknowledged. */
export class Journal {
  readonly #context: Context;
  readonly #units: Units;
  readonly #movements: Movements;

  constructor(context: Context, units: Units, movements: Movements) {
    this.#context = context;
    this.#units = units;
    this.#movements = movements;
  }

  /**
   * Takes a signed report of rows and acknowledges what is durable. A forged one changes and answers nothing, and one that
   * tells a row otherwise than before is not acknowledged either: its unit is not the one that the centre knows.
   */
  async take(unit: string, token: string): Promise<void> {
    const key = await this.#units.deviceKey(unit);
    if (!key) return log("ignored", { unit, kind: "journal", reason: "unit unknown" });
    const report = verifyJws("guichet.event.v1", JournalReportSchema, token, [key]);
    if (!report.ok) return log("ignored", { unit, kind: "journal", reason: report.error.code });
    if (report.value.unit !== unit)
      return log("ignored", { unit, kind: "journal", reason: "another unit's" });
    const { upTo, applications } = await this.#context.db.tx((tx) => this.#keep(tx, report.value));
    if (upTo === undefined) return;
    const ack = { v: 1, unit, stream: "vault", upTo, iat: seconds(this.#context.clock) };
    await this.#context.publish(
      dn.authAck(unit, "vault"),
      signJws("guichet.ack.v1", ack, this.#context.keys.sign.receipt),
      { expiryS: 3_600 },
    );
    for (const id of applications) this.#context.events.emit("changed", { kind: "application", id });
    this.#context.events.emit("changed", { kind: "journal", id: unit });
  }

  /** Newest rows first. */
  list(limit = 300): Promise<Row[]> {
    return this.#context.db.tx((tx) =>
      tx.all("SELECT * FROM journal ORDER BY receivedAt DESC, seq DESC LIMIT ?", limit),
    );
  }

  async #keep(tx: Tx, report: JournalReport): Promise<{ upTo: number | undefined; applications: string[] }> {
    const { unit } = report;
    const applications: string[] = [];
    let last = await tx.get<{ seq: number; hash: string }>(
      "SELECT seq, hash FROM journal WHERE unit = ? ORDER BY seq DESC LIMIT 1",
      unit,
    );
    for (const row of report.rows) {
      if (last && row.seq <= last.seq) {
        const known = await tx.get<{ hash: string }>(
          "SELECT hash FROM journal WHERE unit = ? AND seq = ?",
          unit,
          row.seq,
        );
        if (known?.hash === row.hash) continue;
        await this.#broken(tx, unit, row.seq);
        return { upTo: undefined, applications };
      }
      const follows =
        row.seq === (last?.seq ?? 0) + 1 &&
        (!last || row.prevHash === last.hash) &&
        row.hash === journalRowHash(row);
      if (!follows) {
        await this.#broken(tx, unit, row.seq);
        break;
      }
      await this.#insert(tx, unit, row);
      const touched = await this.#apply(tx, unit, row);
      if (touched) applications.push(touched);
      last = row;
    }
    return { upTo: last?.seq ?? 0, applications };
  }

  /** Once for each row: a unit says it again every few seconds. */
  async #broken(tx: Tx, unit: string, seq: number): Promise<void> {
    const row = `row ${seq}`;
    const told = await tx.get(
      "SELECT 1 FROM audit WHERE act = 'alarm.journal' AND subject = ? AND detail = ?",
      unit,
      row,
    );
    if (told) return;
    log("journalGap", { unit, seq });
    await audit(tx, this.#context, "centre", "alarm.journal", unit, row);
  }

  async #apply(tx: Tx, unit: string, row: JournalRow): Promise<string | undefined> {
    if (row.event === LOADED && row.itemHash)
      return this.#movements.loaded(tx, unit, row.itemHash, row.slot ?? "", row.operator ?? "");
    if (row.event === UNLOADED && row.itemHash) return this.#movements.unloaded(tx, unit, row.itemHash);
    if (row.event === SETTLED && row.itemHash && row.outcome)
      return this.#movements.settled(tx, unit, {
        itemHash: row.itemHash,
        slot: row.slot ?? "",
        finding: row.outcome,
        operator: row.operator ?? "",
        at: row.at,
      });
    if (row.event === OUTCOME && row.voucher && row.outcome) {
      this.#units.settleRequest(unit, row.voucher);
      return this.#movements.handedOver(tx, unit, row.voucher, row.outcome, row.at);
    }
    return undefined;
  }

  async #insert(tx: Tx, unit: string, row: JournalRow): Promise<void> {
    await tx.run(
      `INSERT INTO journal (unit, seq, at, event, effect, slot, voucher, itemHash, outcome, detail, operator, prevHash,
         hash, receivedAt) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
      unit,
      row.seq,
      Math.round(row.at),
      row.event,
      row.effect ?? null,
      row.slot ?? null,
      row.voucher ?? null,
      row.itemHash ?? null,
      row.outcome ?? null,
      row.detail ?? null,
      row.operator ?? null,
      row.prevHash,
      row.hash,
      this.#context.clock.wall(),
    );
  }
}
