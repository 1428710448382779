import { type Static, Type } from "@sinclair/typebox";
import { check, defineErrors, err, ok, type Result } from "../kit/index.ts";
import { KINDS, type TimedNote, type Trace, type WireRecord } from "../ports/index.ts";

/**
 * A flight file: JSON lines, a header and then what happened, in order. Times `t` are milliseconds since the first line.
 * docs/diagnostics.md describes it for who reads one by eye.
 */
export const flightFault = defineErrors("flight", {
  notAFlight: {
    what: "This file is no flight recording, or not one of a version that is known here",
    todo: "Give a file that a unit has written, whole",
    remedy: "none",
    cause: "user",
  },
});

export const HeaderSchema = Type.Object({
  flight: Type.Literal(1),
  guichet: Type.String(),
  node: Type.String(),
  process: Type.String(),
  role: Type.String(),
  driver: Type.String(),
  /** Wall clock of `t` 0, ISO 8601. */
  began: Type.String(),
  /** Why it was written: `fault`, `wedged`, `unknown` (the outcome of a motion), `asked`. */
  why: Type.String(),
  /** Error code, of a fault. */
  code: Type.Optional(Type.String()),
  /** Seed of a simulation, absent on a unit. */
  seed: Type.Optional(Type.Number()),
  /** What was tapped; the lines below name them by their place. */
  lines: Type.Array(Type.String()),
  /** The device's entry in the unit's configuration, without secrets. */
  configuration: Type.Record(Type.String(), Type.Unknown()),
});
export type FlightHeader = Static<typeof HeaderSchema>;

const Wire = {
  t: Type.Number(),
  line: Type.Integer({ minimum: 0 }),
  from: Type.Unsafe<"host" | "device">({ type: "string", enum: ["host", "device"] }),
  /** It goes on with the entry before: both were one write, or one chunk that arrived. */
  joined: Type.Optional(Type.Literal(true)),
};
export const EntrySchema = Type.Union([
  Type.Object({ ...Wire, hex: Type.String({ pattern: "^([0-9a-f]{2})*$" }) }),
  Type.Object({
    ...Wire,
    hidden: Type.Unsafe<WireRecord["kind"]>({ type: "string", enum: KINDS.slice(1) }),
    length: Type.Integer({ minimum: 0 }),
  }),
  /** Of the line: `opened 57600`, `failed notThere`, `baud 115200`, `lost`, `closed`. */
  Type.Object({ t: Type.Number(), line: Type.Integer({ minimum: 0 }), event: Type.String() }),
  /** What lay between is forgotten. */
  Type.Object({ t: Type.Number(), gap: Type.Literal(true) }),
  Type.Object({
    t: Type.Number(),
    call: Type.String(),
    id: Type.Integer(),
    with: Type.Array(Type.Unknown()),
  }),
  Type.Object({ t: Type.Number(), answer: Type.Integer(), code: Type.String() }),
  Type.Object({
    t: Type.Number(),
    status: Type.String(),
    fitness: Type.String(),
    code: Type.Optional(Type.String()),
  }),
  /** Of the device: `wedged`. */
  Type.Object({ t: Type.Number(), event: Type.String() }),
]);
export type FlightEntry = Static<typeof EntrySchema>;

export interface Flight {
  header: FlightHeader;
  entries: FlightEntry[];
}

const SECRET = /password|secret|token|key$/i;
const withoutSecrets = (configuration: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(configuration).filter(([name]) => !SECRET.test(name)));

interface Timed {
  at: number;
  sequence: number;
  entry: Record<string, unknown>;
}

function wireEntry(record: WireRecord, line: number): Record<string, unknown> {
  const { from, kind, length, bytes } = record;
  const joined = record.joined ? { joined: true } : {};
  if (from === "event") return { line, event: Buffer.from(bytes).toString("utf8") };
  if (kind !== "shown") return { line, from, hidden: kind, length, ...joined };
  return { line, from, hex: Buffer.from(bytes).toString("hex"), ...joined };
}

/** What is still there of a trace after record `after`, in order. */
export function entriesAfter(
  trace: Trace,
  after: number,
): { at: number; sequence: number; entry: Record<string, unknown> }[] {
  const wire = trace.lines.flatMap(({ records }, index) =>
    records.map((record): Timed => ({ ...record, entry: wireEntry(record, index) })),
  );
  const notes = trace.notes.map(({ at, sequence, note }): Timed => ({ at, sequence, entry: { ...note } }));
  return [...wire, ...notes]
    .filter(({ sequence }) => sequence > after)
    .sort((a, b) => a.sequence - b.sequence)
    .map(({ at, sequence, entry }) => ({ at, sequence, entry }));
}

/** One trace in order: how its lines were opened, a gap where something is forgotten, and the rest. */
function merged(trace: Trace): Timed[] {
  const opening: Timed[] = [];
  const rest: Timed[] = [];
  trace.lines.forEach((line, index) => {
    const timed = (record: WireRecord): Timed => ({ ...record, entry: wireEntry(record, index) });
    opening.push(...line.opening.map(timed));
    rest.push(...line.records.map(timed));
  });
  const bySequence = (a: Timed, b: Timed) => a.sequence - b.sequence;
  rest.sort(bySequence);
  opening.sort(bySequence);
  const [first] = rest;
  // What was noted before the wire that is still there belongs to nothing any more.
  const since = opening.length > 0 && first ? first.sequence : 0;
  const notes = trace.notes
    .filter(({ sequence }) => sequence >= since)
    .map(({ at, sequence, note }: TimedNote): Timed => ({ at, sequence, entry: { ...note } }));
  const gap = opening.length > 0 && first ? [{ at: first.at, sequence: since, entry: { gap: true } }] : [];
  return [...opening, ...gap, ...[...rest, ...notes].sort(bySequence)];
}

export interface FlightFacts {
  guichet: string;
  process: string;
  why: string;
  code?: string;
  seed?: number;
  /** Wall clock minus monotonic clock, ms. */
  wallOffset: number;
}

/** The text of a flight file. */
export function flightText(role: string, trace: Trace, facts: FlightFacts): string {
  const { guichet, process: name, why, code, seed, wallOffset } = facts;
  const timed = merged(trace);
  const begin = timed[0]?.at ?? 0;
  const header: FlightHeader = {
    flight: 1,
    guichet,
    node: process.version,
    process: name,
    role,
    driver: String(trace.configuration.driver ?? "unknown"),
    began: new Date(begin + wallOffset).toISOString(),
    why,
    ...(code === undefined ? {} : { code }),
    ...(seed === undefined ? {} : { seed }),
    lines: trace.lines.map(({ name: line }) => line),
    configuration: withoutSecrets(trace.configuration),
  };
  const entries = timed.map(({ at, entry }) => ({ t: Math.round((at - begin) * 1_000) / 1_000, ...entry }));
  return `${[header, ...entries].map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** Reads a flight file; anything that is not one comes back as `flight.notAFlight` with the number of its line. */
export function readFlight(text: string): Result<Flight> {
  const rows = text.split("\n").filter((row) => row !== "");
  const parsed: unknown[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      parsed.push(JSON.parse(row));
    } catch {
      return err(flightFault("notAFlight", { line: index + 1 }));
    }
  }
  const header = check(HeaderSchema, parsed[0], "flight header");
  if (!header.ok) return err(flightFault("notAFlight", { line: 1, ...header.error.fields }));
  const entries: FlightEntry[] = [];
  for (const [index, row] of parsed.slice(1).entries()) {
    const entry = check(EntrySchema, row, "flight entry");
    if (!entry.ok) return err(flightFault("notAFlight", { line: index + 2, ...entry.error.fields }));
    entries.push(entry.value);
  }
  return ok({ header: header.value, entries });
}
