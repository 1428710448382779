import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, Emitter, systemClock } from "../../drivers/kit/index.ts";
import { claimingBoard, parseTopic } from "../contract/index.ts";
import { Applications } from "./applications.ts";
import { Questions } from "./ask.ts";
import { Authorisations } from "./authorisations.ts";
import { Bundles } from "./bundles.ts";
import { Claims } from "./claims.ts";
import type { Changes, Context } from "./context.ts";
import { openDb } from "./db.ts";
import { type EligibilityRules, readRules } from "./eligibility.ts";
import { log } from "./faults.ts";
import { startHttp } from "./http.ts";
import { Journal } from "./journal.ts";
import { type CentreKeys, centreKeys } from "./keys.ts";
import { type Link, startLink } from "./link.ts";
import { Movements } from "./movements.ts";
import { Operators } from "./operators.ts";
import { Packets } from "./packets.ts";
import type { TlsIdentity } from "./pki.ts";
import { emptyRegister, type Matcher, type Register } from "./register.ts";
import { SCHEMA } from "./schema.ts";
import { Submissions } from "./submissions.ts";
import { type UnitRegistration, Units } from "./units.ts";

export interface CentreOptions {
  /** State of the centre: database, keys, sealed packets. */
  dir: string;
  brokerUrl: string;
  /** The centre's own certificate; its common name is `host`. */
  tls: TlsIdentity;
  /** Port of console and interface on localhost; 0 takes a free one. */
  port: number;
  register?: Register;
  matcher: Matcher;
  /** Lowest score that counts as the same finger, 0 to 100 (default 40). */
  matchThreshold?: number;
  rules?: EligibilityRules;
  /** Name of this host in k1 (default `centre`). */
  host?: string;
  clock?: Clock;
}

/** The parts, for the HTTP interface. */
export interface Parts {
  context: Context;
  link: Link;
  units: Units;
  packets: Packets;
  submissions: Submissions;
  applications: Applications;
  authorisations: Authorisations;
  journal: Journal;
  operators: Operators;
  claims: Claims;
}

export interface Centre extends Parts {
  /** Address of the console. */
  url: string;
  /** What a unit's configuration needs: keys to believe and keys to seal to. */
  keys: CentreKeys["public"];
  /** Throws `centre.nameUsed`. */
  registerUnit(registration: UnitRegistration): Promise<void>;
  createOperator: Operators["create"];
  /** Sends a signed bundle to a unit. */
  sendBundle: Bundles["send"];
  /** Resolves when the broker has been reached once. */
  connected: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the reference centre; throws `centre.sealKeyMissing`. It reconnects to the broker for ever; the console works without one. */
export async function startCentre(options: CentreOptions): Promise<Centre> {
  const { dir, clock = systemClock, host = "centre" } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const keys = centreKeys(dir);
  const db = await openDb(join(dir, "centre.db"), SCHEMA);
  let link: Link | undefined;
  const context: Context = {
    dir,
    host,
    clock,
    db,
    keys,
    events: new Emitter<Changes>(),
    publish: (topic, payload, settings) => link?.publish(topic, payload, settings) ?? Promise.resolve(false),
  };
  const units = new Units(context);
  const packets = new Packets(context);
  const authorisations = new Authorisations(context);
  const applications = new Applications(context, packets, authorisations);
  const submissions = new Submissions(context, units, packets, applications);
  const journal = new Journal(context, units, new Movements(context));
  const operators = new Operators(context);
  const bundles = new Bundles(context, units);
  const claims = new Claims(context, units, bundles);
  const questions = new Questions(context, units, {
    register: options.register ?? emptyRegister,
    matcher: options.matcher,
    rules: options.rules ?? readRules(),
    threshold: options.matchThreshold ?? 40,
  });

  const onMessage = async (topic: string, payload: Uint8Array, retained: boolean): Promise<void> => {
    const board = claimingBoard(topic);
    if (board !== undefined) return claims.take(board, Buffer.from(payload).toString("latin1"));
    const parsed = parseTopic(topic);
    if (parsed?.direction !== "up") return;
    const { unit, path } = parsed;
    const [kind, a = "", b = "", c = ""] = path;
    const text = () => Buffer.from(payload).toString("latin1");
    if (kind === "birth" || kind === "state" || kind === "tel")
      return units.report(unit, kind, payload, retained);
    if (kind === "ev" && a === "release") return units.request(unit, payload);
    if (kind === "ev" && a === "vault") return journal.take(unit, text());
    if (kind === "auth" && a === "state") return authorisations.repair(unit, payload);
    if (kind === "answer") return bundles.answer(unit, text());
    if (kind === "ask") return questions.answer(unit, a, payload);
    if (kind !== "sub" || !/^[A-Za-z0-9-]{8,64}$/.test(a)) return log("ignored", { unit, kind: "topic" });
    if (b === "m") return submissions.manifest(unit, a, text());
    if (b === "c" && /^\d{1,5}$/.test(c)) return submissions.chunk(unit, a, Number(c), payload);
    if (b === "q") return submissions.query(unit, a);
  };
  link = await startLink({ url: options.brokerUrl, tls: options.tls, host, keys, clock, onMessage });
  const parts: Parts = {
    context,
    link,
    units,
    packets,
    submissions,
    applications,
    authorisations,
    journal,
    operators,
    claims,
  };
  const stopping = new AbortController();
  const renewals = renew(applications, clock, stopping.signal);
  const http = await startHttp(parts, options.port);
  log("started", { port: Number(new URL(http.url).port) });
  return {
    ...parts,
    url: http.url,
    keys: keys.public,
    registerUnit: async (registration) => {
      const registered = await units.register(registration);
      if (!registered.ok) throw registered.error;
    },
    createOperator: (operator, by) => operators.create(operator, by),
    sendBundle: (unit, bundle) => bundles.send(unit, bundle),
    connected: link.connected,
    stop: async () => {
      stopping.abort();
      await http.stop();
      await link.stop();
      await renewals;
      await db.close();
    },
  };
}

const RENEW_MS = 3_600_000;

/** Looks now and every hour for documents whose permissions end soon. */
async function renew(applications: Applications, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await applications.renewDue().catch((error: unknown) => log("failed", { kind: "renewal" }, error));
    if (!signal.aborted) await clock.sleep(RENEW_MS, signal);
  }
}
