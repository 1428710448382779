import { type Expr, parseSql, type Scalar, type Select, type Statement } from "./sql-parse.ts";
import { type Cells, Table } from "./table.ts";

export interface Ran {
  changes: number;
  rows: Cells[];
}

type Value = (row: Cells, parameters: readonly Scalar[]) => Scalar;
type Plan = (parameters: readonly Scalar[]) => Ran;

/** A database in memory: statements are compiled once for each text. */
export class Database {
  readonly #tables = new Map<string, Table>();
  readonly #plans = new Map<string, Plan>();
  /** Undo steps of the transaction that is open. */
  undo: (() => void)[] = [];

  script(sql: string): void {
    for (const statement of parseSql(sql)) this.#compile(statement)([]);
    this.#plans.clear(); // a plan knows the columns of its time
  }

  execute(sql: string, parameters: readonly Scalar[]): Ran {
    let plan = this.#plans.get(sql);
    if (!plan) {
      const [statement, ...more] = parseSql(sql);
      if (!statement || more.length > 0) throw new SyntaxError(`one statement at a time: ${sql}`);
      plan = this.#compile(statement);
      this.#plans.set(sql, plan);
    }
    return plan(parameters);
  }

  /** The rows themselves, for a judge that does not go through SQL. */
  rows(table: string): readonly Cells[] {
    return this.#table(table).rows;
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new SyntaxError(`no table ${name}`);
    return table;
  }

  #compile(statement: Statement): Plan {
    switch (statement.kind) {
      case "createTable": {
        const { table, columns, unique } = statement;
        return () => {
          if (!this.#tables.has(table)) this.#tables.set(table, new Table(columns, unique));
          return none;
        };
      }
      case "createIndex": {
        const table = this.#table(statement.table);
        const where = statement.where && this.#value(statement.where);
        const counts = where && ((row: Cells) => truthy(where(row, [])));
        return () => {
          if (statement.unique) table.addUnique(statement.columns, counts);
          return none;
        };
      }
      case "addColumn":
        return () => {
          this.#table(statement.table).addColumn(statement.column);
          return none;
        };
      case "select":
        return this.#selecting(statement.select);
      case "insert":
        return this.#inserting(statement);
      case "update": {
        const table = this.#table(statement.table);
        const found = this.#finder(table, statement.where);
        const set = this.#setter(statement.set);
        return (p) => {
          const rows = found(p);
          for (const row of rows) this.undo.push(table.replace(row, set(row, p)));
          return { changes: rows.length, rows: [] };
        };
      }
      case "delete": {
        const table = this.#table(statement.table);
        const found = this.#finder(table, statement.where);
        return (p) => {
          const rows = [...found(p)];
          for (const row of rows) this.undo.push(table.remove(row));
          return { changes: rows.length, rows: [] };
        };
      }
    }
  }

  #inserting(statement: Extract<Statement, { kind: "insert" }>): Plan {
    const table = this.#table(statement.table);
    const values = statement.values.map((expr) => this.#value(expr));
    const { columns, conflict } = statement;
    const set = conflict?.set && this.#setter(conflict.set);
    return (p) => {
      const row: Cells = {};
      columns.forEach((name, i) => {
        row[name] = values[i]?.({}, p) ?? null;
      });
      const clash = conflict && table.clash(conflict.columns, row);
      if (clash) {
        if (set) this.undo.push(table.replace(clash, set(clash, p)));
        return { changes: set ? 1 : 0, rows: [] };
      }
      this.undo.push(table.insert(row));
      return { changes: 1, rows: [] };
    };
  }

  #setter(set: [string, Expr][]): (row: Cells, p: readonly Scalar[]) => Cells {
    const values = set.map(([name, expr]) => [name, this.#value(expr)] as const);
    return (row, p) => {
      const next = { ...row };
      for (const [name, value] of values) next[name] = value(row, p);
      return next;
    };
  }

  /** Finds rows, by a unique column where the condition gives its value. */
  #finder(table: Table, where: Expr | undefined): (p: readonly Scalar[]) => Cells[] {
    if (!where) return () => table.rows;
    const test = this.#value(where);
    const key = conjuncts(where)
      .map((expr) => keyOf(table, expr))
      .find((found) => found !== undefined);
    if (!key) return (p) => table.rows.filter((row) => truthy(test(row, p)));
    const wanted = this.#value(key.expr);
    return (p) => {
      const row = table.byKey(key.column, wanted({}, p));
      return row && truthy(test(row, p)) ? [row] : [];
    };
  }

  #selecting(select: Select): Plan {
    const rowsOf = this.#source(select);
    const { columns } = select;
    const limit = select.limit && this.#value(select.limit);
    if (columns !== "*" && columns.some(({ expr }) => isAggregate(expr)))
      return this.#aggregate(rowsOf, columns);
    const project =
      columns === "*"
        ? (row: Cells): Cells => ({ ...row })
        : this.#projection(columns.map(({ expr, as }) => [as, this.#value(expr)] as const));
    return (p) => {
      let rows = rowsOf(p);
      if (limit) rows = rows.slice(0, Number(limit({}, p)));
      return { changes: 0, rows: rows.map((row) => project(row, p)) };
    };
  }

  #projection(values: (readonly [string, Value])[]): (row: Cells, p?: readonly Scalar[]) => Cells {
    return (row, p = []) => {
      const made: Cells = {};
      for (const [as, value] of values) made[as] = value(row, p);
      return made;
    };
  }

  #source({ from, where, order, limit }: Select): (p: readonly Scalar[]) => Cells[] {
    if (!from) return () => [{}];
    if ("each" in from) return this.#each(from.each);
    const table = this.#table(from.table);
    const found = this.#finder(table, where);
    if (order.length === 0) return found;
    const [first] = order;
    // The end of a journal, without sorting it: rows are kept in the order of their insertion.
    if (
      !where &&
      limit &&
      order.length === 1 &&
      first?.descending &&
      first.by.kind === "column" &&
      table.ascending(first.by.name)
    )
      return () => table.rows.slice(-1);
    const keys = order.map(({ by, descending }) => [this.#value(by), descending ? -1 : 1] as const);
    return (p) => {
      const way = (a: Cells, b: Cells): number => {
        for (const [key, sign] of keys) {
          const one = compare(key(a, p), key(b, p));
          if (one !== 0) return one * sign;
        }
        return 0;
      };
      const rows = found(p);
      // Most tables are asked for in the order in which they were filled.
      const sorted = rows.every((row, i) => i === 0 || way(rows[i - 1] as Cells, row) <= 0);
      return sorted ? rows : [...rows].sort(way);
    };
  }

  /** `json_each(text, '$.name')` over an array. */
  #each([text, path]: Expr[]): (p: readonly Scalar[]) => Cells[] {
    if (!text || !path) throw new SyntaxError("json_each takes a text and a path");
    const json = this.#value(text);
    const at = this.#value(path);
    return (p) => {
      const source = json({}, p);
      if (source === null) return [];
      const name = String(at({}, p)).replace(/^\$\./, "");
      const list = (JSON.parse(String(source)) as Record<string, Scalar[]>)[name] ?? [];
      return list.map((value) => ({ value }));
    };
  }

  #aggregate(rowsOf: (p: readonly Scalar[]) => Cells[], columns: { expr: Expr; as: string }[]): Plan {
    const makers = columns.map(({ expr, as }) => {
      if (expr.kind !== "call") throw new SyntaxError("only plain aggregates");
      const [arg] = expr.args;
      return [as, expr.name, arg && this.#value(arg)] as const;
    });
    return (p) => {
      const rows = rowsOf(p);
      const made: Cells = {};
      for (const [as, name, arg] of makers) {
        const values = arg ? rows.map((row) => arg(row, p)).filter((value) => value !== null) : rows;
        made[as] = fold(name, values as Scalar[]);
      }
      return { changes: 0, rows: [made] };
    };
  }

  #value(expr: Expr): Value {
    switch (expr.kind) {
      case "value":
        return () => expr.value;
      case "parameter":
        return (_, p) => p[expr.index] ?? null;
      case "column":
        return (row) => row[expr.name] ?? null;
      case "not": {
        const of = this.#value(expr.of);
        return (row, p) => (truthy(of(row, p)) ? 0 : 1);
      }
      case "isNull": {
        const of = this.#value(expr.of);
        return (row, p) => ((of(row, p) === null) !== expr.not ? 1 : 0);
      }
      case "in": {
        const of = this.#value(expr.of);
        const list = expr.list.map((item) => this.#value(item));
        const plan = expr.select && this.#selecting(expr.select);
        return (row, p) => {
          const wanted = of(row, p);
          const has = plan
            ? plan(p).rows.some((found) => Object.values(found)[0] === wanted)
            : list.some((item) => item(row, p) === wanted);
          return has !== expr.not ? 1 : 0;
        };
      }
      case "scalar": {
        const plan = this.#selecting(expr.select);
        return (_, p) => Object.values(plan(p).rows[0] ?? {})[0] ?? null;
      }
      case "call": {
        const args = expr.args.map((arg) => this.#value(arg));
        if (expr.name === "coalesce")
          return (row, p) => args.map((arg) => arg(row, p)).find((value) => value !== null) ?? null;
        throw new SyntaxError(`SQL function ${expr.name}`);
      }
      case "binary":
        return this.#binary(expr.op, this.#value(expr.left), this.#value(expr.right));
    }
  }

  #binary(op: string, left: Value, right: Value): Value {
    if (op === "AND") return (row, p) => (truthy(left(row, p)) && truthy(right(row, p)) ? 1 : 0);
    if (op === "OR") return (row, p) => (truthy(left(row, p)) || truthy(right(row, p)) ? 1 : 0);
    const apply = OPERATORS[op];
    if (!apply) throw new SyntaxError(`SQL operator ${op}`);
    return (row, p) => {
      const a = left(row, p);
      const b = right(row, p);
      return a === null || b === null ? null : apply(a, b);
    };
  }
}

const none: Ran = { changes: 0, rows: [] };
const truthy = (value: Scalar): boolean => value !== null && value !== 0 && value !== "0";
const compare = (a: Scalar, b: Scalar): number =>
  a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1;

const OPERATORS: Record<string, (a: string | number, b: string | number) => Scalar> = {
  "=": (a, b) => (a === b ? 1 : 0),
  "<>": (a, b) => (a === b ? 0 : 1),
  "!=": (a, b) => (a === b ? 0 : 1),
  "<": (a, b) => (a < b ? 1 : 0),
  ">": (a, b) => (a > b ? 1 : 0),
  "<=": (a, b) => (a <= b ? 1 : 0),
  ">=": (a, b) => (a >= b ? 1 : 0),
  "+": (a, b) => Number(a) + Number(b),
  "-": (a, b) => Number(a) - Number(b),
  "*": (a, b) => Number(a) * Number(b),
  "||": (a, b) => `${a}${b}`,
};

function fold(name: string, values: Scalar[]): Scalar {
  switch (name) {
    case "count":
      return values.length;
    case "sum":
      return values.length === 0 ? null : values.reduce<number>((a, b) => a + Number(b), 0);
    case "max":
      return values.reduce<Scalar>((a, b) => (compare(a, b) < 0 ? b : a), null);
    case "min":
      return values.reduce<Scalar>((a, b) => (a === null || compare(b, a) < 0 ? b : a), null);
    default:
      throw new SyntaxError(`SQL aggregate ${name}`);
  }
}

const isAggregate = (expr: Expr): boolean => expr.kind === "call" && expr.name !== "coalesce";

function conjuncts(expr: Expr): Expr[] {
  return expr.kind === "binary" && expr.op === "AND"
    ? [...conjuncts(expr.left), ...conjuncts(expr.right)]
    : [expr];
}

/** The unique column that a condition pins to a value that does not hang on the row. */
function keyOf(table: Table, expr: Expr): { column: string; expr: Expr } | undefined {
  if (expr.kind !== "binary" || expr.op !== "=" || expr.left.kind !== "column") return undefined;
  const fixed = expr.right.kind === "parameter" || expr.right.kind === "value";
  return fixed && table.hasKey(expr.left.name) ? { column: expr.left.name, expr: expr.right } : undefined;
}
