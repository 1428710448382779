import { Mutex } from "../../../drivers/kit/index.ts";
import {
  type Row,
  type Statements,
  type Store,
  type StoreOptions,
  storeFault,
  type Value,
} from "../../../drivers/store/index.ts";
import type { Life, Scheduler } from "./scheduler.ts";
import { Database } from "./sql.ts";
import type { Scalar } from "./sql-parse.ts";
import type { Cells } from "./table.ts";

export interface DiskOptions {
  scheduler: Scheduler;
  random: () => number;
  /** Called within a commit, when it is written and not synced yet, with the event of its journal row. */
  onSync: (event: string) => void;
}

/**
 * One disk with one database on it, which survives the process that uses it. What was committed is safe once its sync
 * has ended; a cut takes back what was not, from the end, as far as chance wants.
 */
export class Disk {
  readonly #options: DiskOptions;
  #database: Database | undefined;
  /** How to take back what is committed and not synced, oldest first. */
  #unsynced: (() => void)[][] = [];
  #version = 0;
  /** Time of one sync, ms. */
  syncMs = 2;
  /** The next commit fails like a card that is broken. */
  breakNext = false;
  /** Commits are not waited for: for the proof that losing them is noticed. */
  lazy = false;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  get database(): Database {
    if (!this.#database) throw new TypeError("nothing was written yet");
    return this.#database;
  }

  /** Loses a part, all or nothing of what was not synced. */
  cut(): void {
    const keep = Math.floor(this.#options.random() * (this.#unsynced.length + 1));
    for (const steps of this.#unsynced.splice(keep).reverse()) for (const undo of steps.reverse()) undo();
    this.#unsynced = [];
    // A transaction that was open had not reached the disk at all.
    if (this.#database) for (const undo of this.#database.undo.splice(0).reverse()) undo();
  }

  /** Opens the database for a process: like the real store, with whole transactions one after the other. */
  open(life: Life, options: StoreOptions): Store {
    const { scheduler } = this.#options;
    this.#database ??= new Database();
    const database = this.#database;
    for (; this.#version < options.migrations.length; this.#version++)
      database.script(options.migrations[this.#version] ?? "");
    database.undo = [];
    const queue = new Mutex();
    const never = new Promise<never>(() => undefined);
    let dead: ReturnType<typeof storeFault> | undefined;
    let tellFailed: (fault: ReturnType<typeof storeFault>) => void = () => undefined;
    const failed = new Promise<ReturnType<typeof storeFault>>((resolve) => {
      tellFailed = resolve;
    });
    // A process that has ended gets no answer any more, and changes nothing.
    const queued = <T>(job: () => Promise<T>): Promise<T> =>
      queue.run(async () => {
        if (!life.alive) return never;
        if (dead) throw dead;
        const value = await job();
        return life.alive ? value : never;
      });
    const execute = (sql: string, values: Value[]) => {
      if (!life.alive) return undefined;
      return database.execute(sql, values as Scalar[]);
    };
    const statements: Statements = {
      run: (sql, ...values) =>
        whenAwaited(() => ({ changes: execute(sql, values)?.changes ?? 0, lastId: 0 })),
      get: <R extends Row>(sql: string, ...values: Value[]) =>
        whenAwaited(() => execute(sql, values)?.rows[0] as R | undefined),
      all: <R extends Row>(sql: string, ...values: Value[]) =>
        whenAwaited(() => (execute(sql, values)?.rows ?? []) as R[]),
    };
    const rollback = () => {
      for (const undo of database.undo.splice(0).reverse()) undo();
    };
    const commit = async (): Promise<void> => {
      if (this.breakNext) {
        this.breakNext = false;
        rollback();
        dead = storeFault("dead", { sqlite: "SQLITE_IOERR" });
        tellFailed(dead);
        throw dead;
      }
      this.#unsynced.push(database.undo.splice(0));
      this.#options.onSync(lastEvent(database));
      if (this.lazy) return;
      if (!life.alive) return never;
      await new Promise<void>((resolve) => scheduler.after(this.syncMs, life, resolve));
      this.#unsynced = [];
    };
    const tx = <T>(job: (t: Statements) => Promise<T>): Promise<T> =>
      queued(async () => {
        try {
          const result = await job(statements);
          if (!life.alive) return never;
          await commit();
          return result;
        } catch (error) {
          if (life.alive) rollback();
          throw error;
        }
      });
    return {
      tx,
      get: (sql, ...values) => queued(() => statements.get(sql, ...values)),
      all: (sql, ...values) => queued(() => statements.all(sql, ...values)),
      probe: () => tx(async () => undefined),
      failed,
      close: async () => queue.stop(storeFault("dead", { sqlite: "closed" })),
    };
  }
}

/** SQLite's thread may come to a statement that nobody waits for after the commit: here it never does. */
function whenAwaited<T>(job: () => T): Promise<T> {
  const run = () => new Promise<T>((resolve) => resolve(job()));
  return {
    // biome-ignore lint/suspicious/noThenProperty: being awaited is what starts it.
    then: (...on) => run().then(...on),
    catch: (on) => run().catch(on),
    finally: (on) => run().finally(on),
    [Symbol.toStringTag]: "Promise",
  } satisfies Promise<T>;
}

function lastEvent(database: Database): string {
  const row = database.rows("journal").at(-1) as Cells | undefined;
  return String(row?.event ?? "");
}
