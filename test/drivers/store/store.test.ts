import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isFault } from "../../../drivers/kit/index.ts";
import {
  appendJournal,
  CHAIN_BEGIN,
  type ChainEnd,
  firstBrokenRow,
  followChain,
  JOURNAL_SCHEMA,
  openStore,
  readJournal,
} from "../../../drivers/store/index.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("store");

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "guichet-store-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "private", "store.db");
}
const MIGRATIONS = ["CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL)", JOURNAL_SCHEMA];
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error) => (isFault(error) ? error.code : String(error)),
  );

test("concurrent callers do not share a transaction: one that fails takes nothing of another's", async (t) => {
  const store = await openStore(place(t), { migrations: MIGRATIONS });
  t.after(() => store.close());
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) =>
      store.tx(async (s) => {
        await s.run("INSERT INTO things (name) VALUES (?)", `n${i}`);
        await s.get("SELECT count(*) AS n FROM things");
        if (i % 2) throw new Error("no");
      }),
    ),
  );
  const rows = await store.all<{ name: string }>("SELECT name FROM things ORDER BY id");
  assert.equal(
    rows.map((row) => row.name),
    results.flatMap((result, i) => (result.status === "fulfilled" ? [`n${i}`] : [])),
  );
  assert.is(rows.length, 20);
});

test("the file and its folder are private, and a second opener is refused", async (t) => {
  const path = place(t);
  mkdirSync(join(path, ".."), { mode: 0o755 });
  const store = await openStore(path, { migrations: MIGRATIONS });
  t.after(() => store.close());
  assert.is(statSync(path).mode & 0o077, 0);
  assert.is(statSync(`${path}-wal`).mode & 0o077, 0);
  assert.is(statSync(join(path, "..")).mode & 0o077, 0);
  assert.is(await code(openStore(path, { migrations: MIGRATIONS })), "store.busy");
});

test("a file that is no database is refused and left alone", async (t) => {
  const path = place(t);
  await openStore(path, { migrations: MIGRATIONS }).then((store) => store.close());
  writeFileSync(path, Buffer.alloc(8_192, 0x41));
  assert.is(await code(openStore(path, { migrations: MIGRATIONS })), "store.corrupt");
  assert.is(statSync(path).size, 8_192);
});

test("what was stored is there after reopening, and later migrations are added", async (t) => {
  const path = place(t);
  const first = await openStore(path, { migrations: MIGRATIONS.slice(0, 1) });
  await first.tx((s) => s.run("INSERT INTO things (name) VALUES ('kept')"));
  await first.probe();
  await first.close();
  assert.is(await code(first.probe()), "store.dead");
  const second = await openStore(path, { migrations: MIGRATIONS });
  t.after(() => second.close());
  assert.is((await second.get<{ name: string }>("SELECT name FROM things"))?.name, "kept");
  await second.tx((s) => appendJournal(s, 1, "a.b", { n: 1 }));
});

test("a statement that is wrong is told at each call, and any number of texts may be used", async (t) => {
  const store = await openStore(place(t), { migrations: MIGRATIONS });
  t.after(() => store.close());
  for (let i = 0; i < 2; i++) {
    assert.match(await code(store.get("SELECT one FROM nowhere")), /no such table/);
    assert.match(await code(store.tx((s) => s.run("INSERT INTO nowhere VALUES (1)"))), /no such table/);
  }
  await store.tx(async (s) => {
    for (let i = 0; i < 450; i++) await s.run(`INSERT INTO things (name) VALUES ('${i}')`);
  });
  assert.is((await store.get<{ n: number }>("SELECT count(*) AS n FROM things"))?.n, 450);
});

test("an altered or removed journal row is seen", async (t) => {
  const store = await openStore(place(t), { migrations: MIGRATIONS });
  t.after(() => store.close());
  for (let i = 0; i < 5; i++) await store.tx((s) => appendJournal(s, i, "demo.row", { i }));
  assert.is(await firstBrokenRow(store), undefined);
  // Two rows at a time it is the same chain, and it has an end.
  const ends: (ChainEnd | number)[] = [CHAIN_BEGIN];
  for (let end = ends[0]; typeof end === "object" && ends.length < 5; ends.push(end))
    end = await followChain(store, end, 2);
  assert.equal(
    ends.map((end) => typeof end === "object" && end.seq),
    [0, 2, 4, 5, 5],
  );
  assert.equal(
    (await readJournal(store, 3, 10)).map((row) => row.fields),
    [{ i: 3 }, { i: 4 }],
  );
  await store.tx((s) => s.run("UPDATE journal SET fields = '{\"i\":9}' WHERE seq = 2"));
  assert.is(await firstBrokenRow(store), 2);
  assert.is(await followChain(store, CHAIN_BEGIN, 2), 2);
  await store.tx((s) => s.run("DELETE FROM journal WHERE seq = 2"));
  assert.is(await firstBrokenRow(store), 3);
});

run();
