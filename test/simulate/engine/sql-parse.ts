/**
 * Reads the small part of SQL that the ledger and its journal are written in. What it does not know is an error that
 * names the place, so that a new statement is either understood or noticed.
 */
export type Scalar = string | number | null;

export type Expr =
  | { kind: "value"; value: Scalar }
  | { kind: "parameter"; index: number }
  | { kind: "column"; name: string }
  | { kind: "binary"; op: string; left: Expr; right: Expr }
  | { kind: "not"; of: Expr }
  | { kind: "isNull"; of: Expr; not: boolean }
  | { kind: "in"; of: Expr; select: Select | undefined; list: Expr[]; not: boolean }
  | { kind: "call"; name: string; args: Expr[]; star: boolean }
  | { kind: "scalar"; select: Select };

export interface Select {
  columns: { expr: Expr; as: string }[] | "*";
  from: { table: string } | { each: Expr[] } | undefined;
  where: Expr | undefined;
  order: { by: Expr; descending: boolean }[];
  limit: Expr | undefined;
}

export interface Column {
  name: string;
  notNull: boolean;
  unique: boolean;
  fallback: Scalar;
}

export type Statement =
  | { kind: "select"; select: Select }
  | {
      kind: "insert";
      table: string;
      columns: string[];
      values: Expr[];
      conflict: { columns: string[]; set: [string, Expr][] | undefined } | undefined;
    }
  | { kind: "update"; table: string; set: [string, Expr][]; where: Expr | undefined }
  | { kind: "delete"; table: string; where: Expr | undefined }
  | { kind: "createTable"; table: string; columns: Column[]; unique: string[][] }
  | { kind: "createIndex"; table: string; columns: string[]; where: Expr | undefined; unique: boolean }
  | { kind: "addColumn"; table: string; column: Column };

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|'((?:[^']|'')*)'|([A-Za-z_]\w*)|(<>|!=|<=|>=|\|\||[-+*/%(),.;=<>?]))/y;

type Token = { text: string; kind: "number" | "text" | "word" | "sign" };

function tokens(sql: string): Token[] {
  const found: Token[] = [];
  const text = sql.replace(/--[^\n]*/g, "").trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new SyntaxError(`SQL not understood at: ${text.slice(at, at + 40)}`);
    const [, number, string, word, sign] = match;
    if (number !== undefined) found.push({ text: number, kind: "number" });
    else if (string !== undefined) found.push({ text: string.replaceAll("''", "'"), kind: "text" });
    else if (word !== undefined) found.push({ text: word, kind: "word" });
    else found.push({ text: sign ?? "", kind: "sign" });
  }
  return found;
}

/** Every statement of a script, in order. */
export function parseSql(sql: string): Statement[] {
  return new Parser(tokens(sql), sql).script();
}

const LEVELS = [
  ["OR"],
  ["AND"],
  ["=", "<>", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%"],
  ["||"],
];

class Parser {
  readonly #tokens: Token[];
  readonly #sql: string;
  #at = 0;
  #parameters = 0;

  constructor(list: Token[], sql: string) {
    this.#tokens = list;
    this.#sql = sql;
  }

  script(): Statement[] {
    const found: Statement[] = [];
    while (this.#at < this.#tokens.length) {
      if (this.#sign(";")) continue;
      found.push(this.#statement());
    }
    return found;
  }

  #statement(): Statement {
    if (this.#peek("SELECT")) return { kind: "select", select: this.#select() };
    if (this.#word("INSERT")) return this.#insert();
    if (this.#word("UPDATE")) {
      const table = this.#name();
      this.#need("SET");
      const set = this.#sets();
      return { kind: "update", table, set, where: this.#where() };
    }
    if (this.#word("DELETE")) {
      this.#need("FROM");
      return { kind: "delete", table: this.#name(), where: this.#where() };
    }
    if (this.#word("ALTER")) {
      this.#need("TABLE");
      const table = this.#name();
      this.#need("ADD");
      this.#word("COLUMN");
      return { kind: "addColumn", table, column: this.#column() };
    }
    this.#need("CREATE");
    const unique = this.#word("UNIQUE");
    if (this.#word("INDEX")) return this.#index(unique);
    this.#need("TABLE");
    return this.#table();
  }

  #table(): Statement {
    if (this.#word("IF")) {
      this.#need("NOT");
      this.#need("EXISTS");
    }
    const table = this.#name();
    const columns: Column[] = [];
    const unique: string[][] = [];
    this.#needSign("(");
    do {
      if (this.#word("UNIQUE") || this.#peek("PRIMARY")) {
        if (this.#word("PRIMARY")) this.#need("KEY");
        unique.push(this.#names());
      } else columns.push(this.#column());
    } while (this.#sign(","));
    this.#needSign(")");
    return { kind: "createTable", table, columns, unique };
  }

  #column(): Column {
    const column: Column = { name: this.#name(), notNull: false, unique: false, fallback: null };
    this.#name(); // its type, which SQLite takes as a hint
    for (;;) {
      if (this.#word("PRIMARY")) {
        this.#need("KEY");
        column.unique = true;
      } else if (this.#word("UNIQUE")) column.unique = true;
      else if (this.#word("NOT")) {
        this.#need("NULL");
        column.notNull = true;
      } else if (this.#word("DEFAULT")) {
        const value = this.#primary();
        if (value.kind !== "value") throw this.#error();
        column.fallback = value.value;
      } else if (this.#word("CHECK")) this.#primary();
      else return column;
    }
  }

  #index(unique: boolean): Statement {
    this.#name();
    this.#need("ON");
    const table = this.#name();
    const columns = this.#names();
    return { kind: "createIndex", table, columns, where: this.#where(), unique };
  }

  #insert(): Statement {
    this.#need("INTO");
    const table = this.#name();
    const columns = this.#names();
    this.#need("VALUES");
    this.#needSign("(");
    const values = this.#list();
    this.#needSign(")");
    if (!this.#word("ON")) return { kind: "insert", table, columns, values, conflict: undefined };
    this.#need("CONFLICT");
    const conflict = this.#names();
    this.#need("DO");
    if (this.#word("NOTHING"))
      return { kind: "insert", table, columns, values, conflict: { columns: conflict, set: undefined } };
    this.#need("UPDATE");
    this.#need("SET");
    return { kind: "insert", table, columns, values, conflict: { columns: conflict, set: this.#sets() } };
  }

  #select(): Select {
    this.#need("SELECT");
    let columns: Select["columns"];
    if (this.#sign("*")) columns = "*";
    else {
      columns = [];
      do {
        const expr = this.#expr();
        const as = this.#word("AS") ? this.#name() : expr.kind === "column" ? expr.name : "?";
        columns.push({ expr, as });
      } while (this.#sign(","));
    }
    let from: Select["from"];
    if (this.#word("FROM")) {
      const name = this.#name();
      if (this.#sign("(")) {
        if (name !== "json_each") throw this.#error();
        from = { each: this.#list() };
        this.#needSign(")");
      } else from = { table: name };
    }
    const where = this.#where();
    const order: Select["order"] = [];
    if (this.#word("ORDER")) {
      this.#need("BY");
      do {
        const by = this.#expr();
        const descending = this.#word("DESC");
        if (!descending) this.#word("ASC");
        order.push({ by, descending });
      } while (this.#sign(","));
    }
    const limit = this.#word("LIMIT") ? this.#expr() : undefined;
    return { columns, from, where, order, limit };
  }

  #where(): Expr | undefined {
    return this.#word("WHERE") ? this.#expr() : undefined;
  }

  #sets(): [string, Expr][] {
    const set: [string, Expr][] = [];
    do {
      const name = this.#name();
      this.#needSign("=");
      set.push([name, this.#expr()]);
    } while (this.#sign(","));
    return set;
  }

  #expr(level = 0): Expr {
    const operators = LEVELS[level];
    if (!operators) return this.#primary();
    let left =
      level === 2 && this.#word("NOT") ? ({ kind: "not", of: this.#expr(2) } as Expr) : this.#expr(level + 1);
    for (;;) {
      if (level === 2) {
        const special = this.#special(left);
        if (special) {
          left = special;
          continue;
        }
      }
      const op = operators.find((it) => this.#word(it) || this.#sign(it));
      if (!op) return left;
      left = { kind: "binary", op, left, right: this.#expr(level + 1) };
    }
  }

  #special(of: Expr): Expr | undefined {
    if (this.#word("IS")) {
      const not = this.#word("NOT");
      this.#need("NULL");
      return { kind: "isNull", of, not };
    }
    const not = this.#peek("NOT") && this.#word("NOT");
    if (!this.#word("IN")) {
      if (not) throw this.#error();
      return undefined;
    }
    this.#needSign("(");
    const select = this.#peek("SELECT") ? this.#select() : undefined;
    const list = select ? [] : this.#list();
    this.#needSign(")");
    return { kind: "in", of, select, list, not };
  }

  #primary(): Expr {
    const token = this.#tokens[this.#at];
    if (!token) throw this.#error();
    if (token.kind === "number" || token.kind === "text") {
      this.#at++;
      return { kind: "value", value: token.kind === "number" ? Number(token.text) : token.text };
    }
    if (this.#sign("?")) return { kind: "parameter", index: this.#parameters++ };
    if (this.#sign("-")) {
      const of = this.#primary();
      return { kind: "binary", op: "-", left: { kind: "value", value: 0 }, right: of };
    }
    if (this.#sign("(")) {
      const inner: Expr = this.#peek("SELECT") ? { kind: "scalar", select: this.#select() } : this.#expr();
      this.#needSign(")");
      return inner;
    }
    if (this.#word("NULL")) return { kind: "value", value: null };
    const name = this.#name();
    if (this.#sign(".")) return { kind: "column", name: this.#name() };
    if (!this.#sign("(")) return { kind: "column", name };
    const star = this.#sign("*");
    const args = star || this.#peekSign(")") ? [] : this.#list();
    this.#needSign(")");
    return { kind: "call", name: name.toLowerCase(), args, star };
  }

  #list(): Expr[] {
    const list: Expr[] = [];
    do list.push(this.#expr());
    while (this.#sign(","));
    return list;
  }

  #names(): string[] {
    this.#needSign("(");
    const names: string[] = [];
    do names.push(this.#name());
    while (this.#sign(","));
    this.#needSign(")");
    return names;
  }

  #name(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word") throw this.#error();
    this.#at++;
    return token.text;
  }

  #peek(word: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === "word" && token.text.toUpperCase() === word;
  }

  #word(word: string): boolean {
    if (!this.#peek(word)) return false;
    this.#at++;
    return true;
  }

  #need(word: string): void {
    if (!this.#word(word)) throw this.#error(word);
  }

  #peekSign(sign: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === "sign" && token.text === sign;
  }

  #sign(sign: string): boolean {
    if (!this.#peekSign(sign)) return false;
    this.#at++;
    return true;
  }

  #needSign(sign: string): void {
    if (!this.#sign(sign)) throw this.#error(sign);
  }

  #error(wanted = "something else"): SyntaxError {
    const rest = this.#tokens.slice(this.#at, this.#at + 6).map(({ text }) => text);
    return new SyntaxError(`SQL not understood, ${wanted} expected at "${rest.join(" ")}" of: ${this.#sql}`);
  }
}
