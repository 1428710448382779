import { chmod, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Database, Statement } from "sqlite3";
import { defineErrors, defineEvents, type Fault, isFault, Mutex } from "../kit/index.ts";

export const storeFault = defineErrors("store", {
  settings: {
    what: "The database does not have the settings that survive a power cut",
    todo: "Install the package anew; nothing is accepted or moved without them",
    remedy: "software",
    cause: "software",
  },
  corrupt: {
    what: "The database failed its integrity check",
    todo: "Keep the unit out of service and call a technician; the file is not touched",
    remedy: "technician",
    cause: "hardware",
  },
  dead: {
    what: "The database reported an error while writing and is not used any more",
    todo: "The process starts again and checks the file; call a technician when this repeats",
    remedy: "autoRecovering",
    cause: "hardware",
  },
  busy: {
    what: "Another process holds the database",
    todo: "End the other process; inspection goes through the owner",
    remedy: "software",
    cause: "software",
  },
});

const log = defineEvents("store", {
  dead: {
    level: "error",
    what: "A database call failed; nothing more is written by this process",
    fields: ["sqlite"],
  },
});

export type Value = string | number | bigint | Uint8Array | null;
export type Row = Record<string, string | number | Buffer | null>;

/** What runs inside one transaction, or reads between two. */
export interface Statements {
  run(sql: string, ...values: Value[]): Promise<{ changes: number; lastId: number }>;
  get<R extends Row = Row>(sql: string, ...values: Value[]): Promise<R | undefined>;
  all<R extends Row = Row>(sql: string, ...values: Value[]): Promise<R[]>;
}

/**
 * One SQLite file with one connection and one writer. Whole transactions queue up behind each other, because `sqlite3`
 * interleaves concurrent callers on a connection and one caller's ROLLBACK would take another's acknowledged row.
 */
export interface Store {
  /** Runs `job` in a transaction of its own. What it resolved to is durable; when it rejects nothing has happened. */
  tx<T>(job: (statements: Statements) => Promise<T>): Promise<T>;
  get<R extends Row = Row>(sql: string, ...values: Value[]): Promise<R | undefined>;
  all<R extends Row = Row>(sql: string, ...values: Value[]): Promise<R[]>;
  /** A small durable commit: proof that the store can still write. Rejects with `store.dead`. */
  probe(): Promise<void>;
  /** Resolves when the store died; it never recovers in this process. */
  readonly failed: Promise<Fault>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** One SQL script for each schema version, applied in order; never changed once released. */
  migrations: readonly string[];
  /** For the proof that the crash harness has teeth; production never sets it. */
  synchronousForMutant?: "NORMAL";
}

const OLDEST_LIBRARY = [3, 51, 3] as const; // before it, a WAL reset can corrupt the file (sqlite.org, 2026-03)

/**
 * Opens or makes the file, asserts every setting that durability rests on, checks it, and migrates it.
 * @throws Fault `store.settings`, `store.corrupt`, `store.busy`
 */
export async function openStore(path: string, options: StoreOptions): Promise<Store> {
  await makePlace(path);
  const { default: sqlite3 } = await import("sqlite3");
  const db = await new Promise<Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, (error) =>
      error ? reject(storeFault("corrupt", {}, error)) : resolve(opened),
    );
  });
  const raw = statementsOf(db);
  try {
    await configure(raw, options.synchronousForMutant ?? "FULL");
    await migrate(raw, db, options.migrations);
  } catch (error) {
    await closeDatabase(db);
    if (isFault(error)) throw error;
    const code = (error as { code?: string }).code;
    throw storeFault(code === "SQLITE_BUSY" ? "busy" : "corrupt", { sqlite: code ?? "unknown" }, error);
  }
  return makeStore(db, new Prepared(db));
}

/**
 * Makes the private folder and the empty private file before SQLite does: its own files beside it take the same mode.
 * SQLite syncs the folder of its files, not the folder's own entry, so that is done here.
 */
async function makePlace(path: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await (await open(path, "a", 0o600)).close();
  await chmod(path, 0o600);
  const above = await open(dirname(folder), "r");
  try {
    await above.sync();
  } finally {
    await above.close();
  }
}

async function configure(raw: Statements, synchronous: "FULL" | "NORMAL"): Promise<void> {
  const version = String((await raw.get("SELECT sqlite_version() AS v"))?.v);
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const tooOld =
    major < OLDEST_LIBRARY[0] ||
    (major === OLDEST_LIBRARY[0] &&
      (minor < OLDEST_LIBRARY[1] || (minor === OLDEST_LIBRARY[1] && patch < OLDEST_LIBRARY[2])));
  if (tooOld) throw storeFault("settings", { setting: "library", found: version });
  const wanted: [string, string, string | number][] = [
    ["locking_mode", "EXCLUSIVE", "exclusive"],
    ["journal_mode", "WAL", "wal"],
    ["synchronous", synchronous, synchronous === "FULL" ? 2 : 1],
    ["foreign_keys", "ON", 1],
    ["trusted_schema", "OFF", 0],
    ["secure_delete", "ON", 1],
  ];
  for (const [name, value] of wanted) await raw.run(`PRAGMA ${name}=${value}`);
  await raw.run("PRAGMA mmap_size=0");
  for (const [name, , expected] of wanted) {
    const row = await raw.get(`PRAGMA ${name}`);
    const found = row ? Object.values(row)[0] : undefined;
    if (found !== expected) throw storeFault("settings", { setting: name, found: String(found) });
  }
  const check = await raw.all("PRAGMA quick_check");
  if (check.length !== 1 || Object.values(check[0] ?? {})[0] !== "ok") throw storeFault("corrupt");
}

async function migrate(raw: Statements, db: Database, migrations: readonly string[]): Promise<void> {
  const row = await raw.get("PRAGMA user_version");
  const from = Number(Object.values(row ?? {})[0] ?? 0);
  for (let version = from; version < migrations.length; version++) {
    await execute(db, `BEGIN IMMEDIATE; ${migrations[version]}; PRAGMA user_version=${version + 1}; COMMIT;`);
  }
  await execute(
    db,
    "CREATE TABLE IF NOT EXISTS store_probe (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL)",
  );
}

const execute = (db: Database, sql: string): Promise<void> =>
  new Promise((resolve, reject) => db.exec(sql, (error) => (error ? reject(error) : resolve())));

const closeDatabase = (db: Database): Promise<void> => new Promise((resolve) => db.close(() => resolve()));

function statementsOf(db: Database): Statements {
  return {
    run: (sql, ...values) =>
      new Promise((resolve, reject) => {
        db.run(sql, values, function (this: { changes: number; lastID: number }, error: Error | null) {
          if (error) reject(error);
          else resolve({ changes: this.changes, lastId: this.lastID });
        });
      }),
    get: (sql, ...values) =>
      new Promise((resolve, reject) =>
        db.get(sql, values, (error: Error | null, row: unknown) =>
          error ? reject(error) : resolve(row as never),
        ),
      ),
    all: (sql, ...values) =>
      new Promise((resolve, reject) =>
        db.all(sql, values, (error: Error | null, rows: unknown) =>
          error ? reject(error) : resolve(rows as never),
        ),
      ),
  };
}

/** More texts than these are not kept: somebody builds them. */
const MAX_PREPARED = 200;

/**
 * Statements that are prepared once for each text: one way to SQLite's thread and back, where preparing and ending it for each
 * call makes three. All of them read to the end, so that none holds its transaction open.
 */
class Prepared implements Statements {
  readonly #db: Database;
  readonly #statements = new Map<string, Promise<Statement>>();

  constructor(db: Database) {
    this.#db = db;
  }

  async run(sql: string, ...values: Value[]): Promise<{ changes: number; lastId: number }> {
    const statement = await this.#statement(sql);
    return new Promise((resolve, reject) => {
      statement.run(values, function (this: { changes: number; lastID: number }, error: Error | null) {
        if (error) reject(error);
        else resolve({ changes: this.changes, lastId: this.lastID });
      });
    });
  }

  async get<R extends Row>(sql: string, ...values: Value[]): Promise<R | undefined> {
    return (await this.all<R>(sql, ...values))[0];
  }

  async all<R extends Row>(sql: string, ...values: Value[]): Promise<R[]> {
    const statement = await this.#statement(sql);
    return new Promise((resolve, reject) =>
      statement.all(values, (error: Error | null, rows: unknown) =>
        error ? reject(error) : resolve(rows as never),
      ),
    );
  }

  /** Lets go of all of them; the database cannot be closed before. */
  async end(): Promise<void> {
    const all = [...this.#statements.values()];
    this.#statements.clear();
    for (const statement of await Promise.allSettled(all))
      if (statement.status === "fulfilled") statement.value.finalize();
  }

  async #statement(sql: string): Promise<Statement> {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= MAX_PREPARED) await this.end();
      statement = new Promise((resolve, reject) => {
        const made = this.#db.prepare(sql, (error: Error | null) => (error ? reject(error) : resolve(made)));
      });
      this.#statements.set(sql, statement);
      statement.catch(() => this.#statements.delete(sql));
    }
    return statement;
  }
}

/** Errors after which the file's state is unknown: nothing more is done with this handle. */
const FATAL = new Set([
  "SQLITE_IOERR",
  "SQLITE_FULL",
  "SQLITE_CORRUPT",
  "SQLITE_NOTADB",
  "SQLITE_CANTOPEN",
  "SQLITE_READONLY",
]);

function makeStore(db: Database, raw: Prepared): Store {
  const queue = new Mutex();
  let dead: Fault | undefined;
  let tellFailed: (fault: Fault) => void;
  const failed = new Promise<Fault>((resolve) => {
    tellFailed = resolve;
  });
  const noteFatal = (error: unknown): void => {
    const code = (error as { code?: string }).code ?? "";
    if (dead || !FATAL.has(code)) return;
    log("dead", { sqlite: code });
    dead = storeFault("dead", { sqlite: code }, error);
    tellFailed(dead);
  };
  const queued = <T>(job: () => Promise<T>): Promise<T> =>
    queue.run(async () => {
      if (dead) throw dead;
      try {
        return await job();
      } catch (error) {
        noteFatal(error);
        throw dead ?? error;
      }
    });

  const tx = <T>(job: (statements: Statements) => Promise<T>): Promise<T> =>
    queued(async () => {
      await raw.run("BEGIN IMMEDIATE");
      let result: T;
      try {
        result = await job(raw);
        await raw.run("COMMIT");
      } catch (error) {
        noteFatal(error);
        if (!dead) await raw.run("ROLLBACK").catch(noteFatal);
        throw error;
      }
      return result;
    });

  return {
    tx,
    get: (sql, ...values) => queued(() => raw.get(sql, ...values)),
    all: (sql, ...values) => queued(() => raw.all(sql, ...values)),
    probe: () =>
      tx(async (t) => {
        await t.run("INSERT INTO store_probe (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1");
      }),
    failed,
    close: async () => {
      await queue.stop(storeFault("dead", { sqlite: "closed" }));
      await raw.end();
      await closeDatabase(db);
    },
  };
}
