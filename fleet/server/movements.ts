import type { Application, ApplicationState } from "./applications.ts";
import { audit } from "./audit.ts";
import type { Context } from "./context.ts";
import type { Tx } from "./db.ts";
import { log } from "./faults.ts";

/** What a member of staff found in a slot whose state nobody knew. */
interface Finding {
  itemHash: string;
  slot: string;
  finding: string;
  operator: string;
  at: number;
}

/** What the units' vaults say became of documents, in the transaction of the journal's row that says it. */
export class Movements {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * The item lies in a slot. `operator` names one person, or two joined by `+`. It counts wherever the item was ever assigned
   * to: staff may put it back under an assignment that is still good, or that was changed behind their backs.
   * @returns the application, if it is one
   */
  async loaded(
    tx: Tx,
    unit: string,
    itemHash: string,
    slot: string,
    operator: string,
  ): Promise<string | undefined> {
    const application = await tx.get<Application & { assignedHere: string }>(
      `SELECT p.*, a.id AS assignedHere FROM applications p
       JOIN authorisations a ON a.application = p.id AND a.kind = 'assignment' AND a.unit = ?
       WHERE p.itemHash = ? AND p.state IN ('assigned', 'produced') ORDER BY a.at DESC, a.id DESC LIMIT 1`,
      unit,
      itemHash,
    );
    if (!application) return undefined;
    const { id, assignedHere } = application;
    const by = await tx.get<{ operator: string; at: number }>(
      "SELECT operator, at FROM authorisations WHERE id = ?",
      assignedHere,
    );
    // Who loads is known only now; the vault checked the credential, and credentials go to nobody who is in conflict.
    const loaders = operator.split("+");
    if (loaders.includes(application.approvedBy ?? "") || loaders.includes(by?.operator ?? "")) {
      log("samePerson", { unit, application: id });
      await audit(tx, this.#context, operator, "alarm.samePerson", id, unit);
    }
    const voucher = await tx.get<{ id: string }>(
      "SELECT id FROM authorisations WHERE application = ? AND kind = 'voucher' AND unit = ? ORDER BY seq DESC LIMIT 1",
      id,
      unit,
    );
    await tx.run(
      `UPDATE applications SET state = 'loaded', unit = ?, assignedBy = ?, assignedAt = ?, assignment = ?, voucher = ?,
         loadedBy = ?, loadedAt = ?, slot = ? WHERE id = ?`,
      unit,
      by?.operator ?? null,
      by?.at ?? null,
      assignedHere,
      voucher?.id ?? null,
      operator,
      this.#context.clock.wall(),
      slot,
      id,
    );
    return id;
  }

  /** How a hand-over ended. Only `taken` ends the document's way; anything else stays visible. */
  async handedOver(
    tx: Tx,
    unit: string,
    voucher: string,
    outcome: string,
    at: number,
  ): Promise<string | undefined> {
    const application = await tx.get<Application>(
      `SELECT p.* FROM authorisations a JOIN applications p ON p.id = a.application
       WHERE a.id = ? AND a.kind = 'voucher' AND a.unit = ?`,
      voucher,
      unit,
    );
    if (!application) return undefined;
    return this.#ended(tx, application, outcome, at);
  }

  /** A member of staff found out what became of an item whose hand-over nobody could judge. */
  async settled(
    tx: Tx,
    unit: string,
    { itemHash, slot, finding, operator, at }: Finding,
  ): Promise<string | undefined> {
    const application = await this.#byItem(tx, unit, itemHash, "loaded");
    // A loading that nobody could judge: the vault hands out what was found there.
    if (!application && finding === "notMoved")
      return this.loaded(tx, unit, itemHash, slot, (await this.#loader(tx, unit, itemHash)) ?? operator);
    if (!application) return undefined;
    return finding === "removed"
      ? this.#takenBack(tx, application)
      : this.#ended(tx, application, finding, at);
  }

  /** Staff took the item out again: it may be assigned anew. */
  async unloaded(tx: Tx, unit: string, itemHash: string): Promise<string | undefined> {
    const application = await this.#byItem(tx, unit, itemHash, "loaded");
    return application && this.#takenBack(tx, application);
  }

  async #takenBack(tx: Tx, { id }: Application): Promise<string> {
    await tx.run(
      `UPDATE applications SET state = 'produced', assignedBy = NULL, assignedAt = NULL, unit = NULL, voucher = NULL,
         assignment = NULL, loadedBy = NULL, loadedAt = NULL, slot = NULL WHERE id = ?`,
      id,
    );
    await tx.run("UPDATE authorisations SET exp = 0 WHERE application = ?", id);
    return id;
  }

  async #ended(tx: Tx, { id, state }: Application, outcome: string, at: number): Promise<string | undefined> {
    if (state === "collected") return undefined;
    await tx.run("UPDATE applications SET outcome = ? WHERE id = ?", outcome, id);
    if (outcome === "taken")
      await tx.run("UPDATE applications SET state = 'collected', collectedAt = ? WHERE id = ?", at, id);
    return id;
  }

  /** Who tried to load the item last. */
  async #loader(tx: Tx, unit: string, itemHash: string): Promise<string | undefined> {
    const row = await tx.get<{ operator: string }>(
      `SELECT operator FROM journal WHERE unit = ? AND itemHash = ? AND event LIKE 'exchange.%' AND operator IS NOT NULL
       ORDER BY seq DESC LIMIT 1`,
      unit,
      itemHash,
    );
    return row?.operator;
  }

  #byItem(tx: Tx, unit: string, itemHash: string, state: ApplicationState): Promise<Application | undefined> {
    return tx.get<Application>(
      "SELECT * FROM applications WHERE itemHash = ? AND unit = ? AND state = ?",
      itemHash,
      unit,
      state,
    );
  }
}
