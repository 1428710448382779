import { err, newId, ok, type Result, unb64u } from "../../drivers/kit/index.ts";
import {
  type Assignment,
  collectionKeyId,
  itemHashOf,
  type PacketContent,
  sealTemplate,
  signJws,
  type Voucher,
} from "../contract/index.ts";
import { audit } from "./audit.ts";
import { type Authorisations, LIFE, RENEW_BEFORE } from "./authorisations.ts";
import { type Context, seconds } from "./context.ts";
import type { Tx } from "./db.ts";
import { centreFault } from "./faults.ts";
import { newItemCode } from "./item-code.ts";
import type { Operator } from "./operators.ts";
import type { OpenedPacket, Packets } from "./packets.ts";

export type ApplicationState = "received" | "refused" | "produced" | "assigned" | "loaded" | "collected";

/** One application and its document. Wall-clock times in ms; names of operators, never of people. */
export interface Application {
  id: string;
  sid: string;
  service: string;
  reference: string;
  state: ApplicationState;
  receivedAt: number;
  approvedBy: string | null;
  approvedAt: number | null;
  refusedBy: string | null;
  refusedAt: number | null;
  reason: string | null;
  item: string | null;
  itemHash: string | null;
  producedAt: number | null;
  assignedBy: string | null;
  assignedAt: number | null;
  unit: string | null;
  voucher: string | null;
  assignment: string | null;
  loadedBy: string | null;
  loadedAt: number | null;
  slot: string | null;
  outcome: string | null;
  collectedAt: number | null;
}

/** What staff see of one. */
export interface ApplicationView extends Application {
  /** The unit at which it was applied for. */
  appliedAt: string;
  /** When its voucher ends, s. */
  voucherExp: number | null;
}

const VIEW = `SELECT p.*, s.unit AS appliedAt, a.exp AS voucherExp FROM applications p JOIN submissions s ON s.sid = p.sid
  LEFT JOIN authorisations a ON a.id = p.voucher`;

/** Documents whose vouchers, still good for what was assigned, end before a time, and were not used since they were signed. */
const DUE = `FROM applications p JOIN authorisations a ON a.id = p.voucher
  WHERE p.state IN ('assigned', 'loaded') AND a.exp > 0 AND a.exp <= ? AND NOT EXISTS (
    SELECT 1 FROM journal j JOIN authorisations v ON v.id = j.voucher AND v.unit = j.unit
    WHERE v.application = p.id AND j.receivedAt >= a.at)`;

/** From a received application to a collected document; approving, assigning and loading are three people. */
export class Applications {
  readonly #context: Context;
  readonly #packets: Packets;
  readonly #authorisations: Authorisations;

  constructor(context: Context, packets: Packets, authorisations: Authorisations) {
    this.#context = context;
    this.#packets = packets;
    this.#authorisations = authorisations;
  }

  /** Writes the applications of an accepted submission down, in its transaction. */
  async receive(tx: Tx, content: PacketContent): Promise<void> {
    for (const { service } of content.applications)
      await tx.run(
        "INSERT INTO applications (id, sid, service, reference, state, receivedAt) VALUES (?, ?, ?, ?, 'received', ?)",
        newId(this.#context.clock.wall()),
        content.sid,
        service,
        content.reference,
        this.#context.clock.wall(),
      );
  }

  /** Every one that somebody has still to do something about, and the newest of the others; newest first. */
  list(ended = 500): Promise<ApplicationView[]> {
    return this.#context.db.tx((tx) =>
      tx.all<ApplicationView>(
        `${VIEW} WHERE p.state NOT IN ('refused', 'collected') OR p.id IN (
           SELECT id FROM applications WHERE state IN ('refused', 'collected') ORDER BY receivedAt DESC, id LIMIT ?)
         ORDER BY p.receivedAt DESC, p.id`,
        ended,
      ),
    );
  }

  ofSubmission(sid: string): Promise<ApplicationView[]> {
    return this.#context.db.tx((tx) => tx.all<ApplicationView>(`${VIEW} WHERE p.sid = ? ORDER BY p.id`, sid));
  }

  /** Approves; the document is produced at once and gets its item code. Faults: `centre.notFound`, `centre.wrongState`. */
  approve(id: string, by: Operator): Promise<Result<Application>> {
    return this.#step(id, ["received"], async (tx) => {
      const now = this.#context.clock.wall();
      const item = newItemCode();
      await tx.run(
        `UPDATE applications SET state = 'produced', approvedBy = ?, approvedAt = ?, item = ?, itemHash = ?, producedAt = ?
         WHERE id = ?`,
        by.id,
        now,
        item,
        itemHashOf(item),
        now,
        id,
      );
      await audit(tx, this.#context, by.id, "application.approve", id);
      return ok([]);
    });
  }

  refuse(id: string, reason: string, by: Operator): Promise<Result<Application>> {
    return this.#step(id, ["received"], async (tx) => {
      await tx.run(
        "UPDATE applications SET state = 'refused', refusedBy = ?, refusedAt = ?, reason = ? WHERE id = ?",
        by.id,
        this.#context.clock.wall(),
        reason,
        id,
      );
      await audit(tx, this.#context, by.id, "application.refuse", id, reason);
      return ok([]);
    });
  }

  /**
   * Assigns the produced document to a unit: a signed assignment (it may be loaded) and a signed voucher (it may be
   * handed out to who has the receipt and the finger) go down. One that waits to be loaded may be assigned anew, to the same
   * unit or to another: what was signed before is not sent any more.
   * Faults: `centre.samePerson`, `centre.unitUnknown`, `centre.noTemplate`, `centre.packetDamaged`, `centre.wrongState`.
   */
  async assign(id: string, unit: string, by: Operator): Promise<Result<Application>> {
    const known = await this.#context.db.tx((tx) =>
      tx.get<Application>("SELECT * FROM applications WHERE id = ?", id),
    );
    if (!known) return err(centreFault("notFound"));
    const packet = await this.#packets.open(known.sid);
    if (!packet.ok) return packet;
    return this.#step(id, ["produced", "assigned"], async (tx, application) => {
      // Whoever could load there at this moment, with a credential drawn before, must have done nothing else for it.
      for (const one of [by.id, application.approvedBy ?? ""])
        if (await this.#authorisations.holdsCredential(tx, unit, one)) return err(centreFault("samePerson"));
      if (application.approvedBy === by.id) return err(centreFault("samePerson"));
      const seq = await this.#nextSeq(tx, unit);
      if (seq === 0) return err(centreFault("unitUnknown", { unit }));
      const documents = this.#documents(application, unit, seq, packet.value);
      if (!documents.ok) return documents;
      const { voucher, assignment } = documents.value;
      const own = { unit, application: id };
      await tx.run("UPDATE authorisations SET exp = 0 WHERE application = ?", id);
      await this.#authorisations.keep(tx, "assignment", { ...own, ...assignment }, by.id);
      await this.#authorisations.keep(tx, "voucher", { ...own, ...voucher }, by.id);
      await tx.run(
        `UPDATE applications SET state = 'assigned', assignedBy = ?, assignedAt = ?, unit = ?, voucher = ?, assignment = ?
         WHERE id = ?`,
        by.id,
        this.#context.clock.wall(),
        unit,
        voucher.id,
        assignment.id,
        id,
      );
      await audit(tx, this.#context, by.id, "application.assign", id, unit);
      return ok([assignment.id, voucher.id]);
    });
  }

  /**
   * A new voucher for a document that still lies in its slot: the old one has expired, or was consumed by a hand-over at
   * which nothing was taken. Nothing is ever repeated under the old one. Faults as for `assign`.
   */
  async renew(id: string, by: Operator): Promise<Result<Application>> {
    const known = await this.#context.db.tx((tx) =>
      tx.get<Application>("SELECT * FROM applications WHERE id = ?", id),
    );
    if (!known) return err(centreFault("notFound"));
    const packet = await this.#packets.open(known.sid);
    if (!packet.ok) return packet;
    return this.#step(id, ["loaded"], async (tx, application) => {
      const unit = application.unit ?? "";
      if (application.approvedBy === by.id || application.loadedBy?.split("+").includes(by.id))
        return err(centreFault("samePerson"));
      const documents = this.#documents(application, unit, await this.#nextSeq(tx, unit), packet.value);
      if (!documents.ok) return documents;
      const { voucher } = documents.value;
      await this.#authorisations.keep(tx, "voucher", { unit, application: id, ...voucher }, by.id);
      await tx.run("UPDATE applications SET voucher = ? WHERE id = ?", voucher.id, id);
      await audit(tx, this.#context, by.id, "application.renew", id, unit);
      return ok([voucher.id]);
    });
  }

  /**
   * New permissions for every document that lies in its slot, or waits to be loaded, and whose own end soon. Not for one that
   * somebody has been handed, or tried to be, since they were signed: there staff look first, and permit again. Two vouchers
   * are alive for a while; the vault hands out what lies in a slot, so that the second finds nothing once the first has moved it.
   * @returns how many
   */
  async renewDue(): Promise<number> {
    const due = await this.#context.db.tx((tx) =>
      tx.all<{ id: string; sid: string }>(`SELECT p.id, p.sid ${DUE}`, this.#renewFrom()),
    );
    let renewed = 0;
    for (const { id, sid } of due) {
      const packet = await this.#packets.open(sid);
      if (packet.ok && (await this.#renewOne(id, packet.value)).ok) renewed++;
    }
    return renewed;
  }

  #renewOne(id: string, packet: OpenedPacket): Promise<Result<Application>> {
    return this.#step(id, ["assigned", "loaded"], async (tx, application) => {
      // What the vault's journal has told meanwhile counts.
      if (!(await tx.get(`SELECT 1 ${DUE} AND p.id = ?`, this.#renewFrom(), id)))
        return err(centreFault("wrongState", { state: application.state }));
      const unit = application.unit ?? "";
      const documents = this.#documents(application, unit, await this.#nextSeq(tx, unit), packet);
      if (!documents.ok) return documents;
      const { voucher, assignment } = documents.value;
      const own = { unit, application: id };
      // Who assigned it still answers for it.
      const by = application.assignedBy ?? "centre";
      await this.#authorisations.keep(tx, "voucher", { ...own, ...voucher }, by);
      const waits = application.state === "assigned";
      if (waits) await this.#authorisations.keep(tx, "assignment", { ...own, ...assignment }, by);
      await tx.run(
        "UPDATE applications SET voucher = ?, assignment = ? WHERE id = ?",
        voucher.id,
        waits ? assignment.id : application.assignment,
        id,
      );
      await audit(tx, this.#context, "centre", "application.renew", id, unit);
      return ok(waits ? [assignment.id, voucher.id] : [voucher.id]);
    });
  }

  #renewFrom = (): number => seconds(this.#context.clock) + RENEW_BEFORE;

  /** The next voucher number of a unit, 0 for a unit that is not registered. */
  async #nextSeq(tx: Tx, unit: string): Promise<number> {
    await tx.run("UPDATE units SET voucherSeq = voucherSeq + 1 WHERE unit = ?", unit);
    const row = await tx.get<{ voucherSeq: number }>("SELECT voucherSeq FROM units WHERE unit = ?", unit);
    return row?.voucherSeq ?? 0;
  }

  #documents(application: Application, unit: string, seq: number, packet: OpenedPacket) {
    const { keys, clock } = this.#context;
    const capture = packet.content.captures
      .filter(({ kind }) => kind === "fingerTemplate")
      .sort((a, b) => (b.quality ?? 0) - (a.quality ?? 0))[0];
    const template = capture && packet.parts.get(capture.part);
    if (!template || !capture.templateFormat || application.item === null)
      return err(centreFault("noTemplate"));
    const key = unb64u(packet.content.collectionKey);
    const nbf = seconds(clock);
    const exp = nbf + LIFE.voucher;
    const common = { v: 1 as const, unit, item: application.item, nbf, exp };
    const assignment: Assignment = { ...common, id: `a-${newId(clock.wall())}` };
    const voucherId = `v-${newId(clock.wall())}`;
    const voucher: Voucher = {
      ...common,
      id: voucherId,
      reference: application.reference,
      seq,
      keyId: collectionKeyId(key),
      template: sealTemplate(key, voucherId, template),
      templateFormat: capture.templateFormat,
    };
    return ok({
      assignment: {
        id: assignment.id,
        exp,
        jws: signJws("guichet.assignment.v1", assignment, keys.sign.assignment),
      },
      voucher: { id: voucherId, exp, seq, jws: signJws("guichet.voucher.v1", voucher, keys.sign.voucher) },
    });
  }

  async #step(
    id: string,
    from: readonly ApplicationState[],
    act: (tx: Tx, application: Application) => Promise<Result<string[]>>,
  ): Promise<Result<Application>> {
    const result = await this.#context.db.tx(
      async (tx): Promise<Result<{ send: string[]; now: Application }>> => {
        const application = await tx.get<Application>("SELECT * FROM applications WHERE id = ?", id);
        if (!application) return err(centreFault("notFound"));
        if (!from.includes(application.state))
          return err(centreFault("wrongState", { state: application.state }));
        const done = await act(tx, application);
        if (!done.ok) return done;
        const now = await tx.get<Application>("SELECT * FROM applications WHERE id = ?", id);
        return now ? ok({ send: done.value, now }) : err(centreFault("notFound"));
      },
    );
    if (!result.ok) return result;
    await this.#authorisations.send(result.value.send);
    this.#context.events.emit("changed", { kind: "application", id });
    return ok(result.value.now);
  }
}
