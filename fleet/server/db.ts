import sqlite3 from "sqlite3";
import { Mutex } from "../../drivers/kit/index.ts";

export type Value = string | number | null;
export type Row = Record<string, Value>;

/** Statements of one transaction. */
export interface Tx {
  run(sql: string, ...values: Value[]): Promise<number>;
  get<R = Row>(sql: string, ...values: Value[]): Promise<R | undefined>;
  all<R = Row>(sql: string, ...values: Value[]): Promise<R[]>;
}

/**
 * The centre's database on one machine: one connection, one writer. A transaction is taken whole and in turn, because
 * `sqlite3` lets two callers' statements interleave on a connection, so that one's ROLLBACK undoes the other's insert.
 */
export interface Db {
  /** Runs `body` in a transaction; resolves when it is durable, rolls back and rejects when it throws. */
  tx<T>(body: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openDb(path: string, schema: string): Promise<Db> {
  const raw = await new Promise<sqlite3.Database>((resolve, reject) => {
    const db = new sqlite3.Database(path, (error) => (error ? reject(error) : resolve(db)));
  });
  const exec = (sql: string) =>
    new Promise<void>((resolve, reject) => raw.exec(sql, (error) => (error ? reject(error) : resolve())));
  const tx: Tx = {
    run: (sql, ...values) =>
      new Promise((resolve, reject) => {
        raw.run(sql, values, function (error) {
          if (error) reject(error);
          else resolve(this.changes);
        });
      }),
    get: <R>(sql: string, ...values: Value[]) =>
      new Promise<R | undefined>((resolve, reject) => {
        raw.get(sql, values, (error, row) => (error ? reject(error) : resolve(row as R | undefined)));
      }),
    all: <R>(sql: string, ...values: Value[]) =>
      new Promise<R[]>((resolve, reject) => {
        raw.all(sql, values, (error, rows) => (error ? reject(error) : resolve(rows as R[])));
      }),
  };
  // Not exclusive, unlike a unit's stores: the command that makes accounts works beside the running centre.
  await exec(
    "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
  );
  await exec(schema);
  const turn = new Mutex();
  return {
    tx: (body) =>
      turn.run(async () => {
        await exec("BEGIN IMMEDIATE");
        try {
          const value = await body(tx);
          await exec("COMMIT");
          return value;
        } catch (error) {
          // Where the disk has failed, SQLite has rolled back by itself; the first error is the one that counts.
          await exec("ROLLBACK").catch(() => undefined);
          throw error;
        }
      }),
    close: async () => {
      await turn.stop(new Error("the database is closed"));
      await new Promise<void>((resolve, reject) => raw.close((error) => (error ? reject(error) : resolve())));
    },
  };
}
