/** Who or what has to act before the thing works again (after XFS4IoT's error actions). */
export type Remedy =
  | "none"
  | "autoRecovering"
  | "reset"
  | "operatorClear"
  | "technician"
  | "configuration"
  | "software"
  | "tryAgain";

/** Where a fault comes from. */
export type Cause = "hardware" | "software" | "user" | "consumable" | "power" | "network" | "security";

/** One row of an error catalogue: what happened and what to do, in words for a technician. */
export interface ErrorRow {
  /** What was wrong, one sentence, no personal data. */
  what: string;
  /** What to do about it, one sentence. */
  todo: string;
  remedy: Remedy;
  cause: Cause;
}

/** Values that may accompany a fault or a log line: never free text from a person. */
export type SafeFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

const catalogues = new Map<string, Record<string, ErrorRow>>();

/** All catalogues that were defined by the modules loaded so far; the docs are generated from it. */
export function errorCatalogues(): ReadonlyMap<string, Readonly<Record<string, ErrorRow>>> {
  return catalogues;
}

/**
 * The one error class. `code` is `area.name` and stable; `fields` say where.
 * Throw it for what the caller must not go on from, return it in a Result where the caller decides.
 */
export class Fault extends Error {
  readonly code: string;
  readonly row: ErrorRow;
  readonly fields: SafeFields;

  constructor(code: string, row: ErrorRow, fields: SafeFields = {}, cause?: unknown) {
    super(`${code}: ${row.what}`, cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.code = code;
    this.row = row;
    this.fields = fields;
  }

  /** What may cross a process boundary or the link. */
  toJSON(): { code: string; what: string; todo: string; remedy: Remedy; fields: SafeFields } {
    const { what, todo, remedy } = this.row;
    return { code: this.code, what, todo, remedy, fields: this.fields };
  }
}

export type FaultJson = ReturnType<Fault["toJSON"]>;

/** A maker of faults of one area, typed by its catalogue: `lockFault("noReply", { board: 0 })`. */
export function defineErrors<const T extends Record<string, ErrorRow>>(area: string, table: T) {
  catalogues.set(area, table);
  return (name: keyof T & string, fields?: SafeFields, cause?: unknown): Fault => {
    const row = table[name];
    if (!row) throw new TypeError(`no error ${area}.${name}`);
    return new Fault(`${area}.${name}`, row, fields, cause);
  };
}

export function isFault(value: unknown, code?: string): value is Fault {
  return value instanceof Fault && (code === undefined || value.code === code);
}
