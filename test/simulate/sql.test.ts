import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { JOURNAL_SCHEMA, openStore, type Statements } from "../../drivers/store/index.ts";
import { seeded } from "../crash/replay/random.ts";
import { suite } from "../kit.ts";
import { Disk } from "./engine/disk.ts";
import { Scheduler } from "./engine/scheduler.ts";

const { test, run } = suite("database in memory");

const SCHEMA = [
  `CREATE TABLE slots (slot TEXT PRIMARY KEY, state TEXT NOT NULL, item_hash TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0);
   CREATE UNIQUE INDEX one_open ON slots (state) WHERE state <> 'DONE';
   ${JOURNAL_SCHEMA}`,
  "ALTER TABLE slots ADD COLUMN list TEXT",
];
/** Statements of every form that the ledger uses, with seeded values. */
const FORMS: { sql: string; values: ("name" | "state" | "number" | "null" | "list")[] }[] = [
  { sql: "INSERT INTO slots (slot, state, item_hash) VALUES (?, ?, ?)", values: ["name", "state", "name"] },
  {
    sql: "INSERT INTO slots (slot, state) VALUES (?, 'DONE') ON CONFLICT (slot) DO NOTHING",
    values: ["name"],
  },
  {
    sql: "INSERT INTO slots (slot, state, n) VALUES (?, 'DONE', 1) ON CONFLICT (slot) DO UPDATE SET n = n + 1",
    values: ["name"],
  },
  { sql: "UPDATE slots SET state = ?, item_hash = ? WHERE slot = ?", values: ["state", "null", "name"] },
  { sql: "UPDATE slots SET n = n - 1 WHERE slot = ? AND n > 0 AND list IS NULL", values: ["name"] },
  { sql: "UPDATE slots SET n = ?, list = ? WHERE item_hash = ?", values: ["number", "list", "name"] },
  {
    sql: "UPDATE slots SET n = n + 1 WHERE slot IN (SELECT value FROM json_each((SELECT list FROM slots WHERE slot = ?), '$.names'))",
    values: ["name"],
  },
  { sql: "UPDATE slots SET item_hash = slot WHERE slot = ? AND item_hash IS NOT NULL", values: ["name"] },
  {
    sql: "UPDATE slots SET n = 0 WHERE slot <> ? AND (n = ? OR item_hash = slot)",
    values: ["name", "number"],
  },
  { sql: "SELECT * FROM slots WHERE state <> 'DONE' ORDER BY n DESC, slot", values: [] },
  { sql: "SELECT * FROM slots WHERE item_hash = ?", values: ["name"] },
  { sql: "SELECT 1 AS found FROM slots WHERE item_hash = ? AND n >= ?", values: ["name", "number"] },
  { sql: "SELECT slot, n FROM slots WHERE n > ? ORDER BY slot LIMIT ?", values: ["number", "number"] },
  { sql: "SELECT count(*) AS n FROM slots WHERE state = ? OR n < ?", values: ["state", "number"] },
  {
    sql: "SELECT sum(n) AS n, max(slot) AS last FROM slots WHERE NOT slot IN (?, ?)",
    values: ["name", "name"],
  },
];

test("10,000 statements give what SQLite gives, refusals and rolled back transactions included", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-sql-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const real = await openStore(join(folder, "a.db"), { migrations: SCHEMA });
  t.after(() => real.close());
  const scheduler = new Scheduler();
  const disk = new Disk({ scheduler, random: () => 0, onSync: () => undefined });
  disk.lazy = true;
  const memory = disk.open({ alive: true }, { migrations: SCHEMA });
  const random = seeded(5);
  const some = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const names = ["a", "b", "c", "d", "e", "f"];
  const value = {
    name: () => some(names),
    state: () => some(["DONE", "INTENT", "ISSUED"]),
    number: () => Math.floor(random() * 5),
    null: () => (random() < 0.5 ? null : some(names)),
    list: () => (random() < 0.5 ? null : JSON.stringify({ names: [some(names), some(names)] })),
  };
  for (let i = 0; i < 2_000; i++) {
    const jobs = Array.from({ length: 5 }, () => some(FORMS)).map(({ sql, values }) => ({
      sql,
      values: values.map((kind) => value[kind]()),
    }));
    const fails = random() < 0.2;
    const job = async (s: Statements) => {
      const rows: unknown[] = [];
      for (const { sql, values } of jobs)
        rows.push(
          sql.startsWith("SELECT") ? await s.all(sql, ...values) : (await s.run(sql, ...values)).changes,
        );
      if (fails) throw new Error("taken back");
      return rows;
    };
    const outcome = (work: Promise<unknown>) =>
      work.then(
        (rows) => JSON.stringify(rows),
        (error: Error & { code?: string }) => error.code ?? error.message,
      );
    const [there, here] = await Promise.all([outcome(real.tx(job)), outcome(memory.tx(job))]);
    assert.is(here, there, JSON.stringify(jobs));
  }
  const all = "SELECT * FROM slots ORDER BY slot";
  assert.equal(await memory.all(all), await real.all(all));
});

test("a cut takes back what was not synced, from the end, and nothing else", async () => {
  for (const [keep, left] of [
    [0, ["a"]],
    [0.5, ["a", "b"]],
    [0.999, ["a", "b", "c"]],
  ] as const) {
    const scheduler = new Scheduler();
    const life = { alive: true };
    const disk = new Disk({ scheduler, random: () => keep, onSync: () => undefined });
    const store = disk.open(life, { migrations: SCHEMA });
    const add = (slot: string) =>
      store.tx((s) => s.run("INSERT INTO slots (slot, state) VALUES (?, 'DONE')", slot));
    await new Promise<void>((resolve) =>
      setImmediate(() => resolve(scheduler.run(add("a").then(() => undefined)))),
    );
    disk.lazy = true;
    await add("b");
    await add("c");
    void store.tx(async (s) => {
      await s.run("INSERT INTO slots (slot, state) VALUES ('d', 'DONE')");
      await new Promise(() => undefined);
    });
    await new Promise((resolve) => setImmediate(resolve));
    life.alive = false;
    disk.cut();
    assert.equal(
      disk.database.rows("slots").map(({ slot }) => slot),
      left,
    );
  }
});

run();
