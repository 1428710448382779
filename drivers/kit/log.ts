import { isFault, type SafeFields } from "./errors.ts";

/** One row of an event catalogue. Only the named fields can reach a log line. */
export interface EventRow {
  level: "debug" | "info" | "warn" | "error";
  /** What it means, for the person who reads the log. */
  what: string;
  fields: readonly string[];
}

const catalogues = new Map<string, Record<string, EventRow>>();

/** All event catalogues that were defined by the modules loaded so far; the docs are generated from it. */
export function eventCatalogues(): ReadonlyMap<string, Readonly<Record<string, EventRow>>> {
  return catalogues;
}

export type LogSink = (line: Record<string, unknown>) => void;

const stderrSink: LogSink = (line) => {
  process.stderr.write(`${JSON.stringify(line)}\n`);
};

let sink: LogSink = stderrSink;
let threshold = 1;
const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Where log lines go (default: one JSON object a line on stderr) and from which level on. */
export function setLog(options: { sink?: LogSink; level?: EventRow["level"] }): void {
  if (options.sink) sink = options.sink;
  if (options.level) threshold = LEVELS.indexOf(options.level);
}

/**
 * A logger of one area. Fields are allow-listed by the catalogue row and strings are cut at 120 characters,
 * so that a log line cannot carry a form's content by accident.
 */
export function defineEvents<const T extends Record<string, EventRow>>(area: string, table: T) {
  catalogues.set(area, table);
  return (name: keyof T & string, fields: SafeFields = {}, error?: unknown): void => {
    const row = table[name];
    if (!row || LEVELS.indexOf(row.level) < threshold) return;
    const line: Record<string, unknown> = {
      ts: new Date().toISOString(),
      level: row.level,
      event: `${area}.${name}`,
    };
    for (const key of row.fields) {
      const value = fields[key];
      if (value !== undefined) line[key] = typeof value === "string" ? value.slice(0, 120) : value;
    }
    if (isFault(error)) line.fault = { code: error.code, ...error.fields };
    else if (error instanceof Error) line.error = error.name;
    sink(line);
  };
}
