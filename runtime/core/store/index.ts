import { join } from "node:path";
import type { Clock } from "../../../drivers/kit/index.ts";
import {
  appendJournal,
  JOURNAL_SCHEMA,
  type JournalFields,
  openStore,
  type Statements,
  type Store,
} from "../../../drivers/store/index.ts";

export type { Row, Statements, Store } from "../../../drivers/store/index.ts";

/** The core's tables; nothing in them is personal: packets are sealed, documents are the centre's signed ones. */
const MIGRATIONS = [
  `CREATE TABLE settings (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
   CREATE TABLE submissions (
     sid TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, manifest TEXT NOT NULL, manifest_hash TEXT NOT NULL,
     size INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, created_at INTEGER NOT NULL);
   CREATE TABLE tombstones (sid TEXT PRIMARY KEY, reference TEXT NOT NULL, manifest_hash TEXT NOT NULL, receipt TEXT NOT NULL, erased_at INTEGER NOT NULL);
   CREATE TABLE documents (
     id TEXT PRIMARY KEY, kind TEXT NOT NULL, jws TEXT NOT NULL, key_id TEXT, item_hash TEXT, voucher TEXT, challenge TEXT,
     seq INTEGER NOT NULL, exp INTEGER NOT NULL);
   CREATE INDEX documents_by_key ON documents (key_id);
   ${JOURNAL_SCHEMA}`,
];

/** Opens the core's store; throws Faults of `store`. */
export const openCoreStore = (
  state: string,
  options: { synchronousForMutant?: "NORMAL" } = {},
): Promise<Store> => openStore(join(state, "store", "store.db"), { migrations: MIGRATIONS, ...options });

/** A counter that rises by one within a transaction. */
export async function nextCounter(t: Statements, key: string): Promise<number> {
  const row = await t.get<{ value: number }>(
    "INSERT INTO settings (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value",
    key,
  );
  return row?.value ?? 1;
}

export async function readSetting(store: Pick<Statements, "get">, key: string): Promise<number> {
  return (await store.get<{ value: number }>("SELECT value FROM settings WHERE key = ?", key))?.value ?? 0;
}

export async function writeSetting(t: Statements, key: string, value: number): Promise<void> {
  await t.run(
    "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    value,
  );
}

/** Notes something in the core's hash-chained journal, in a write of its own. */
export const note = (store: Store, clock: Clock, event: string, fields: JournalFields): Promise<void> =>
  store.tx(async (t) => {
    await appendJournal(t, clock.wall(), event, fields);
  });
