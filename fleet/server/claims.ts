import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { check, err, ok, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import { claim, hasOwnId, type PublicKey, PublicKeySchema, peekJws, verifyJws } from "../contract/index.ts";
import { audit } from "./audit.ts";
import type { Bundles } from "./bundles.ts";
import type { Context } from "./context.ts";
import { centreFault, log } from "./faults.ts";
import { writeDurable } from "./files.ts";
import { readRequest } from "./pki.ts";
import type { Units } from "./units.ts";

/** A board that was listed when its claim was made. */
export interface ClaimEntry {
  /** The number that its maker gave it. */
  device: string;
  unit: string;
  services: string[];
}

export interface ClaimView {
  device: string;
  unit: string;
  state: "listed" | "asked" | "approved";
  /** Id of the key that the board signs by: to be compared with the one on its screen. */
  key?: string;
}

interface ClaimRow {
  device: string;
  unit: string;
  services: string;
  deviceKey: string | null;
  request: string | null;
  approvedAt: number | null;
}

/** What the centre reads in a unit's answer (provisioning/answer): who asks, by which key, for what. */
const AskSchema = Type.Object({
  device: Type.String({ maxLength: 64 }),
  claim: Type.Object({ unit: Type.String({ maxLength: 64 }) }),
  key: PublicKeySchema,
  request: Type.String({ maxLength: 4_096 }),
});

/**
 * First certificates over the link. A board that is on the list asks by the certificate that came with its claim; the first
 * key that asks is the board's until it is listed anew. An operator who has compared that key with the board's screen
 * approves; the authority certifies the request, and the bundle with the certificate is sent whenever the board asks.
 */
export class Claims {
  readonly #context: Context;
  readonly #units: Units;
  readonly #bundles: Bundles;

  constructor(context: Context, units: Units, bundles: Bundles) {
    this.#context = context;
    this.#units = units;
    this.#bundles = bundles;
  }

  /** Lists a board, or lists it anew: what it has asked before is forgotten. @param by the operator */
  async enter({ device, unit, services }: ClaimEntry, by: string): Promise<void> {
    await this.#context.db.tx(async (tx) => {
      await tx.run(
        "INSERT OR REPLACE INTO claims (device, unit, services, addedBy, addedAt) VALUES (?, ?, ?, ?, ?)",
        device,
        unit,
        JSON.stringify(services),
        by,
        this.#context.clock.wall(),
      );
      await audit(tx, this.#context, by, "claim.enter", device, unit);
    });
    rmSync(this.#file(device), { force: true });
  }

  async list(): Promise<ClaimView[]> {
    const rows = await this.#context.db.tx((tx) => tx.all<ClaimRow>("SELECT * FROM claims ORDER BY device"));
    return rows.map(({ device, unit, deviceKey, approvedAt }) => ({
      device,
      unit,
      state: approvedAt !== null ? "approved" : deviceKey ? "asked" : "listed",
      ...(deviceKey ? { key: (JSON.parse(deviceKey) as PublicKey).kid } : {}),
    }));
  }

  /** What a board says that asks for its certificate. Whatever is wrong with it is logged and goes unanswered. */
  async take(device: string, jws: string): Promise<void> {
    const ignore = (reason: string) => log("ignored", { unit: device, kind: "claim", reason });
    const row = await this.#row(device);
    if (!row) return ignore("notListed");
    const named = check(
      PublicKeySchema,
      (peekJws(jws)?.payload as { key?: unknown } | undefined)?.key,
      "key",
    );
    const asked = named.ok ? verifyJws("guichet.answer.v1", AskSchema, jws, [named.value]) : named;
    if (!asked.ok) return ignore("form");
    const { key, request } = asked.value;
    // The operator compares ids: a key that took another's would pass for the board's.
    if (!hasOwnId(key)) return ignore("keyId");
    if (asked.value.device !== device || asked.value.claim.unit !== row.unit) return ignore("name");
    const name = await readRequest(request).then(
      (read) => read.name,
      () => undefined,
    );
    if (name !== row.unit) return ignore("name");
    const known = row.deviceKey && (JSON.parse(row.deviceKey) as PublicKey);
    if (known && known.x !== key.x) return ignore("otherKey");
    if (row.approvedAt === null)
      await this.#context.db.tx((tx) =>
        tx.run(
          // As it was read: it may have been listed anew since.
          "UPDATE claims SET deviceKey = ?, request = ?, askedAt = ? WHERE device = ? AND unit = ? AND deviceKey IS ?",
          JSON.stringify(key),
          request,
          this.#context.clock.wall(),
          device,
          row.unit,
          row.deviceKey,
        ),
      );
    else await this.#send(device);
  }

  /**
   * An operator's word that the board with this key is the one that was listed: it is registered, and its request may be
   * certified. @returns `centre.notFound`, `centre.notAsked` when another key has asked, or none, or the board was listed anew
   * meanwhile, or `centre.nameUsed`
   */
  async approve(device: string, kid: string, by: string): Promise<Result<{ unit: string; request: string }>> {
    const row = await this.#row(device);
    if (!row) return err(centreFault("notFound"));
    const key = row.deviceKey ? (JSON.parse(row.deviceKey) as PublicKey) : undefined;
    if (!key || key.kid !== kid || !row.request) return err(centreFault("notAsked", { device }));
    const { unit, request } = row;
    const services = JSON.parse(row.services) as string[];
    const registered = await this.#units.register({ unit, deviceKey: key, services });
    if (!registered.ok) return registered;
    const approved = await this.#context.db.tx(async (tx) => {
      const changed = await tx.run(
        "UPDATE claims SET approvedBy = ?, approvedAt = ? WHERE device = ? AND unit = ? AND deviceKey = ?",
        by,
        this.#context.clock.wall(),
        device,
        unit,
        row.deviceKey,
      );
      if (changed === 1) await audit(tx, this.#context, by, "claim.approve", device, kid);
      return changed === 1;
    });
    return approved ? ok({ unit, request }) : err(centreFault("notAsked", { device }));
  }

  /** Keeps the bundle with a board's certificate and sends it, now and whenever the board asks again. @param by the operator */
  async answer(device: string, bundle: Uint8Array, by: string): Promise<Result<void>> {
    const row = await this.#row(device);
    if (!row) return err(centreFault("notFound"));
    if (row.approvedAt === null) return err(centreFault("wrongState"));
    mkdirSync(join(this.#context.dir, "claims"), { recursive: true, mode: 0o700 });
    await this.#context.db.tx((tx) =>
      audit(tx, this.#context, by, "claim.answer", device, sha256Hex(bundle).slice(0, 16)),
    );
    writeDurable(this.#file(device), bundle);
    await this.#send(device);
    return ok(undefined);
  }

  async #send(device: string): Promise<void> {
    if (!existsSync(this.#file(device))) return;
    const bundle = readFileSync(this.#file(device));
    await this.#bundles.sendTo((id, n, of) => claim.bundle(device, id, n, of), bundle);
  }

  #row(device: string): Promise<ClaimRow | undefined> {
    return this.#context.db.tx((tx) => tx.get<ClaimRow>("SELECT * FROM claims WHERE device = ?", device));
  }

  #file(device: string): string {
    return join(this.#context.dir, "claims", `${device}.kbundle`);
  }
}
