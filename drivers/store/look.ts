import type { Database } from "sqlite3";
import { type Row, storeFault, type Value } from "./store.ts";

/** Asks one question of a database. */
export type Look = <R extends Row = Row>(sql: string, ...values: Value[]) => Promise<R[]>;

/**
 * Reads from a database whose owner does not run; nothing in it is changed.
 * @throws Fault `store.busy` while its owner runs, `store.corrupt` when it cannot be read
 */
export async function lookInto<T>(path: string, read: (look: Look) => Promise<T>): Promise<T> {
  const { default: sqlite3 } = await import("sqlite3");
  const db = await new Promise<Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, sqlite3.OPEN_READONLY, (error) =>
      error ? reject(storeFault("corrupt", {}, error)) : resolve(opened),
    );
  });
  const look: Look = (sql, ...values) =>
    new Promise((resolve, reject) =>
      db.all(sql, values, (error: (Error & { code?: string }) | null, rows: unknown) => {
        if (!error) return resolve(rows as never);
        const sqlite = error.code ?? "unknown";
        reject(storeFault(sqlite === "SQLITE_BUSY" ? "busy" : "corrupt", { sqlite }, error));
      }),
    );
  try {
    return await read(look);
  } finally {
    await new Promise<void>((resolve) => db.close(() => resolve()));
  }
}
