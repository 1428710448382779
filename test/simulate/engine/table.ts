import type { Column, Scalar } from "./sql-parse.ts";

export type Cells = Record<string, Scalar>;

interface Unique {
  columns: string[];
  /** Rows that the rule is about: those of a partial index. */
  counts: (row: Cells) => boolean;
  byKey: Map<string, Cells>;
}

/** A rule about every row. */
const whole = () => true;

/** Rows in the order of their insertion, with their uniqueness kept. Each change gives the step that takes it back. */
export class Table {
  rows: Cells[] = [];
  readonly #columns: Column[];
  readonly #uniques: Unique[] = [];

  constructor(columns: readonly Column[], unique: readonly string[][]) {
    this.#columns = [...columns];
    for (const { name } of columns.filter((column) => column.unique)) this.addUnique([name]);
    for (const names of unique) this.addUnique(names);
  }

  addUnique(columns: string[], counts: (row: Cells) => boolean = whole): void {
    const unique: Unique = { columns, counts, byKey: new Map() };
    for (const row of this.rows) this.#enter(unique, row);
    this.#uniques.push(unique);
  }

  addColumn(column: Column): void {
    this.#columns.push(column);
    for (const row of this.rows) row[column.name] = column.fallback;
  }

  hasKey(column: string): boolean {
    return this.#byColumn(column) !== undefined;
  }

  byKey(column: string, value: Scalar): Cells | undefined {
    return value === null ? undefined : this.#byColumn(column)?.byKey.get(String(value));
  }

  /** Whether rows come in the order of this column: true of a whole-number key that counts up. */
  ascending(column: string): boolean {
    return this.hasKey(column) && column === "seq";
  }

  /** The row that a conflict clause over these columns would meet. */
  clash(columns: readonly string[], row: Cells): Cells | undefined {
    const unique = this.#uniques.find((it) => it.columns.join() === columns.join());
    if (!unique) throw new SyntaxError(`no unique index over ${columns.join()}`);
    const key = keyOf(unique, row);
    return key === undefined ? undefined : unique.byKey.get(key);
  }

  insert(given: Cells): () => void {
    const row: Cells = {};
    for (const { name, notNull, fallback } of this.#columns) {
      const value = name in given ? (given[name] ?? null) : fallback;
      if (value === null && notNull) throw constraint(`${name} is null`);
      row[name] = value;
    }
    for (const name of Object.keys(given)) if (!(name in row)) throw new SyntaxError(`no column ${name}`);
    this.#check(row, undefined);
    for (const unique of this.#uniques) this.#enter(unique, row);
    this.rows.push(row);
    return () => {
      this.remove(row);
    };
  }

  /** Gives a row other contents; the object stays the same. */
  replace(row: Cells, next: Cells): () => void {
    const old = { ...row };
    this.#check(next, row);
    this.#assign(row, next);
    return () => this.#assign(row, old);
  }

  remove(row: Cells): () => void {
    const at = this.rows.lastIndexOf(row);
    this.rows.splice(at, 1);
    for (const unique of this.#uniques) this.#leave(unique, row);
    return () => {
      this.rows.splice(at, 0, row);
      for (const unique of this.#uniques) this.#enter(unique, row);
    };
  }

  #assign(row: Cells, next: Cells): void {
    for (const unique of this.#uniques) this.#leave(unique, row);
    Object.assign(row, next);
    for (const unique of this.#uniques) this.#enter(unique, row);
  }

  #check(row: Cells, except: Cells | undefined): void {
    for (const unique of this.#uniques) {
      const key = unique.counts(row) ? keyOf(unique, row) : undefined;
      const found = key === undefined ? undefined : unique.byKey.get(key);
      if (found && found !== except) throw constraint(`UNIQUE ${unique.columns.join()}`);
    }
  }

  #enter(unique: Unique, row: Cells): void {
    const key = unique.counts(row) ? keyOf(unique, row) : undefined;
    if (key !== undefined) unique.byKey.set(key, row);
  }

  #leave(unique: Unique, row: Cells): void {
    const key = keyOf(unique, row);
    if (key !== undefined && unique.byKey.get(key) === row) unique.byKey.delete(key);
  }

  #byColumn(column: string): Unique | undefined {
    return this.#uniques.find((it) => it.columns.length === 1 && it.columns[0] === column && isWhole(it));
  }
}

const isWhole = (unique: Unique): boolean => unique.counts === whole;

/** Nulls are never equal to each other. */
function keyOf(unique: Unique, row: Cells): string | undefined {
  const values = unique.columns.map((column) => row[column] ?? null);
  return values.includes(null) ? undefined : values.join("\u0000");
}

const constraint = (what: string): Error =>
  Object.assign(new Error(`SQLITE_CONSTRAINT: ${what}`), { code: "SQLITE_CONSTRAINT" });
