import { check, err, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import {
  EnvelopeSchema,
  type PublicKey,
  type ReleaseRequest,
  ReleaseRequestSchema,
  type UnitReport,
  UnitReportSchema,
} from "../contract/index.ts";
import type { Context } from "./context.ts";
import type { Tx } from "./db.ts";
import { centreFault, log } from "./faults.ts";

export interface UnitRegistration {
  unit: string;
  /** Signs the unit's manifests and events. Role `unit`. */
  deviceKey: PublicKey;
  /** Signs attestations inside the unit; kept for the record. */
  sensesKey?: PublicKey;
  services: string[];
}

export interface UnitView extends UnitReport {
  unit: string;
  state: "online" | "stale" | "offline" | "never";
  /** Wall clock of the last message, ms. */
  lastSeen?: number;
  /** Open requests for an officer's release. */
  requests: RequestView[];
  /** Alarms of latched inputs that nobody has settled, as the vault's journal tells them. */
  alarms: { role: string; alarm: string; at: number }[];
}

interface RequestView extends ReleaseRequest {
  at: number;
  /** Whose document it is; nothing when the voucher is not one of this unit. */
  document?: { reference: string; sid: string; service: string };
}

interface Live {
  report: UnitReport;
  lastSeen: number;
  lastMono: number;
  epoch: number;
  online: boolean;
  requests: Map<string, ReleaseRequest & { at: number }>;
}

/** Without a `nextBy` a unit is taken to speak at least this often, s. */
const DEFAULT_NEXT_BY_S = 60;
const STALE_FACTOR = 2.5;
/** A vault's challenge does not live longer, ms. */
const REQUEST_LIFE_MS = 180_000;
/** One person at a time stands before a unit; one that asks for more is not to be believed. */
const MOST_REQUESTS = 16;

/** Which units there are, and what each said last. The live view is rebuilt from births after a restart. */
export class Units {
  readonly #context: Context;
  readonly #live = new Map<string, Live>();

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Registers a unit, or replaces its services. A name is one unit's for ever once it has served: another board under it would
   * begin its journal and its reference numbers anew, and two people would hold the same one.
   * @returns `centre.nameUsed`
   */
  async register(registration: UnitRegistration): Promise<Result<void>> {
    const { unit, deviceKey, sensesKey, services } = registration;
    const done = await this.#context.db.tx(async (tx): Promise<Result<void>> => {
      const known = await tx.get<{ deviceKey: string; served: number }>(
        `SELECT deviceKey, EXISTS (SELECT 1 FROM journal WHERE unit = u.unit)
           OR EXISTS (SELECT 1 FROM submissions WHERE unit = u.unit) AS served FROM units u WHERE unit = ?`,
        unit,
      );
      const other = known !== undefined && (JSON.parse(known.deviceKey) as PublicKey).x !== deviceKey.x;
      if (other && known.served) return err(centreFault("nameUsed", { unit }));
      await tx.run(
        `INSERT INTO units (unit, deviceKey, sensesKey, services, addedAt) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (unit) DO UPDATE SET deviceKey = excluded.deviceKey, sensesKey = excluded.sensesKey,
           services = excluded.services`,
        unit,
        JSON.stringify(deviceKey),
        sensesKey ? JSON.stringify(sensesKey) : null,
        JSON.stringify(services),
        this.#context.clock.wall(),
      );
      // What another board has said is not this one's.
      if (other) this.#live.delete(unit);
      return ok(undefined);
    });
    if (done.ok) this.#context.events.emit("changed", { kind: "unit", id: unit });
    return done;
  }

  /** The key that signs what this unit says; undefined for a unit that is not registered. */
  async deviceKey(unit: string): Promise<PublicKey | undefined> {
    const row = await this.#context.db.tx((tx) =>
      tx.get<{ deviceKey: string }>("SELECT deviceKey FROM units WHERE unit = ?", unit),
    );
    return row ? (JSON.parse(row.deviceKey) as PublicKey) : undefined;
  }

  async services(unit: string): Promise<string[] | undefined> {
    const row = await this.#context.db.tx((tx) =>
      tx.get<{ services: string }>("SELECT services FROM units WHERE unit = ?", unit),
    );
    return row ? (JSON.parse(row.services) as string[]) : undefined;
  }

  /**
   * Takes a birth, state or telemetry message. A late message of an older connection changes nothing, nor does one that the
   * broker had kept of a connection of which newer is known.
   */
  report(unit: string, kind: string, payload: Uint8Array, retained = false): void {
    const envelope = parseJson(EnvelopeSchema, Buffer.from(payload).toString("utf8"), kind);
    const body = envelope.ok ? check(UnitReportSchema, envelope.value.d, kind) : envelope;
    if (!envelope.ok || !body.ok) return log("ignored", { unit, kind, reason: "schema" });
    const { ep } = envelope.value;
    const known = this.#live.get(unit);
    if (known && ep < known.epoch) return;
    const goesAway = body.value.online === false;
    // Of the connection that is known only its end is news: the will of a unit that went while nobody listened.
    if (retained && known?.epoch === ep && !goesAway) return;
    const { clock } = this.#context;
    const age = retained ? Math.max(0, clock.wall() - envelope.value.ts) : 0;
    this.#live.set(unit, {
      report: { ...known?.report, ...body.value },
      lastSeen: clock.wall() - age,
      lastMono: clock.mono() - age,
      epoch: ep,
      online: !goesAway,
      requests: known?.requests ?? new Map(),
    });
    this.#context.events.emit("changed", { kind: "unit", id: unit });
  }

  /** Somebody at the unit asks for an officer. */
  request(unit: string, payload: Uint8Array): void {
    const envelope = parseJson(EnvelopeSchema, Buffer.from(payload).toString("utf8"), "release request");
    const body = envelope.ok ? check(ReleaseRequestSchema, envelope.value.d, "release request") : envelope;
    if (!body.ok) return log("ignored", { unit, kind: "release request", reason: "schema" });
    const { requests } = this.#live.get(unit) ?? this.#blank(unit);
    const now = this.#context.clock.wall();
    for (const [voucher, { at }] of requests)
      if (now - at >= REQUEST_LIFE_MS || requests.size >= MOST_REQUESTS) requests.delete(voucher);
    requests.set(body.value.voucher, { ...body.value, at: now });
    this.#context.events.emit("changed", { kind: "release", id: unit });
  }

  /** The request was granted or is over. */
  settleRequest(unit: string, voucher: string): void {
    if (this.#live.get(unit)?.requests.delete(voucher))
      this.#context.events.emit("changed", { kind: "release", id: unit });
  }

  async list(): Promise<UnitView[]> {
    return this.#context.db.tx(async (tx) => {
      const rows = await tx.all<{ unit: string }>("SELECT unit FROM units ORDER BY unit");
      const views: UnitView[] = [];
      for (const { unit } of rows) {
        const view = { ...this.#view(unit), alarms: await openAlarms(tx, unit) };
        for (const request of view.requests) {
          const document = await documentOf(tx, unit, request.voucher);
          if (document) request.document = document;
        }
        views.push(view);
      }
      return views;
    });
  }

  #blank(unit: string): Live {
    const live: Live = {
      report: {},
      lastSeen: this.#context.clock.wall(),
      lastMono: this.#context.clock.mono(),
      epoch: 0,
      online: true,
      requests: new Map(),
    };
    this.#live.set(unit, live);
    return live;
  }

  #view(unit: string): Omit<UnitView, "alarms"> {
    const live = this.#live.get(unit);
    if (!live) return { unit, state: "never", requests: [] };
    const { clock } = this.#context;
    const quiet = clock.mono() - live.lastMono;
    const limit = (live.report.nextBy ?? DEFAULT_NEXT_BY_S) * 1000 * STALE_FACTOR;
    const requests = [...live.requests.values()]
      .filter(({ at }) => clock.wall() - at < REQUEST_LIFE_MS)
      .map((request): RequestView => ({ ...request }));
    return {
      ...live.report,
      unit,
      state: !live.online ? "offline" : quiet > limit ? "stale" : "online",
      lastSeen: live.lastSeen,
      requests,
    };
  }
}

const documentOf = (tx: Tx, unit: string, voucher: string) =>
  tx.get<NonNullable<RequestView["document"]>>(
    `SELECT p.reference, p.sid, p.service FROM authorisations a JOIN applications p ON p.id = a.application
     WHERE a.id = ? AND a.kind = 'voucher' AND a.unit = ?`,
    voucher,
    unit,
  );

const openAlarms = (tx: Tx, unit: string) =>
  tx.all<UnitView["alarms"][number]>(
    `SELECT slot AS role, effect AS alarm, at FROM journal j WHERE unit = ? AND event = 'interlock.latched'
       AND NOT EXISTS (SELECT 1 FROM journal WHERE unit = j.unit AND event = 'interlock.cleared' AND effect = j.effect)
     ORDER BY seq`,
    unit,
  );
