export interface FaultText {
  code: string;
  what: string;
  todo: string;
}

export class Refused extends Error {
  readonly fault: FaultText;
  constructor(fault: FaultText) {
    super(`${fault.what}. ${fault.todo}.`);
    this.fault = fault;
  }
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, { credentials: "same-origin", ...init });
  const answer = (await response.json().catch(() => ({}))) as T & { fault?: FaultText };
  if (!response.ok)
    throw new Refused(
      answer.fault ?? { code: "network", what: "The centre does not answer", todo: "Try again shortly" },
    );
  return answer;
}

export type Get = <T>(path: string) => Promise<T>;
export const get: Get = (path) => call(path, { method: "GET" });
/** The same without a person behind it: it does not prolong the session. */
export const getQuietly: Get = (path) =>
  call(path, { method: "GET", headers: { "guichet-unattended": "1" } });
export const post = <T>(path: string, body: unknown = {}): Promise<T> =>
  call<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** A path with what is put into it as one segment each, whatever it is: path`/api/units/${unit}`. */
export const path = (texts: TemplateStringsArray, ...values: string[]): string =>
  String.raw({ raw: texts }, ...values.map(encodeURIComponent));

export interface Me {
  id: string;
  name: string;
  roles: string[];
}

export interface Unit {
  unit: string;
  state: "online" | "stale" | "offline" | "never";
  lastSeen?: number;
  version?: string;
  services?: Record<string, { offered: boolean; missing?: string[] }>;
  devices?: {
    role: string;
    lifecycle: string;
    fitness: { state: string; code?: string; remedy?: string; todo?: string };
  }[];
  slots?: { slot: string; state: string; latch?: string; item?: string; effect?: string }[];
  interlocks?: string[];
  metrics?: Record<string, number>;
  requests: {
    voucher: string;
    challenge: string;
    slot?: string;
    at: number;
    document?: { reference: string; sid: string; service: string };
  }[];
  alarms: { role: string; alarm: string; at: number }[];
}

export interface Submission {
  sid: string;
  unit: string;
  state: string;
  reason: string | null;
  reference: string | null;
  number: string | null;
  firstAt: number;
  acceptedAt: number | null;
  way: string | null;
}

export interface Application {
  id: string;
  sid: string;
  service: string;
  reference: string;
  state: string;
  receivedAt: number;
  approvedBy: string | null;
  approvedAt: number | null;
  refusedBy: string | null;
  reason: string | null;
  item: string | null;
  assignedBy: string | null;
  assignedAt: number | null;
  unit: string | null;
  voucher: string | null;
  loadedBy: string | null;
  loadedAt: number | null;
  slot: string | null;
  outcome: string | null;
  collectedAt: number | null;
  /** The unit at which it was applied for. */
  appliedAt: string;
  /** When the unit's permission to hand it out ends, s. */
  voucherExp: number | null;
}

export interface Opened {
  unmasked: boolean;
  sid: string;
  unit: string;
  reference: string;
  at: number;
  language?: string;
  identity: Record<string, string>;
  applications: { service: string; fields: Record<string, string> }[];
  captures: { part: string; kind: string; position?: number; quality?: number }[];
  documents: Application[];
}

export interface JournalEntry {
  unit: string;
  seq: number;
  at: number;
  event: string;
  effect: string | null;
  slot: string | null;
  voucher: string | null;
  outcome: string | null;
  detail: string | null;
  operator: string | null;
}

export interface AuditEntry {
  n: number;
  at: number;
  operator: string;
  act: string;
  subject: string;
  detail: string;
}
