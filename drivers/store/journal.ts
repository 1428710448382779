import { sha256Hex } from "../kit/index.ts";
import type { Row, Statements } from "./store.ts";

/**
 * A journal whose rows are chained by hashes: a row that is removed or altered breaks the chain for everyone who has
 * seen a later hash. Append in the transaction that does what the row says.
 */
export const JOURNAL_SCHEMA = `CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  fields TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
)`;

export type JournalFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface JournalRow {
  seq: number;
  /** Wall clock, ms. */
  at: number;
  event: string;
  fields: JournalFields;
  prevHash: string;
  hash: string;
}

const GENESIS = "0".repeat(64);
const hashOf = (seq: number, at: number, event: string, fields: string, prevHash: string): string =>
  sha256Hex(JSON.stringify([seq, at, event, fields, prevHash]));

/** Adds one row within a transaction; durable when that is. */
export async function appendJournal(
  t: Statements,
  at: number,
  event: string,
  fields: JournalFields,
): Promise<JournalRow> {
  const last = await t.get<{ seq: number; hash: string }>(
    "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1",
  );
  const seq = (last?.seq ?? 0) + 1;
  const prevHash = last?.hash ?? GENESIS;
  const text = JSON.stringify(fields);
  const hash = hashOf(seq, at, event, text, prevHash);
  await t.run(
    "INSERT INTO journal (seq, at, event, fields, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?)",
    seq,
    at,
    event,
    text,
    prevHash,
    hash,
  );
  return { seq, at, event, fields, prevHash, hash };
}

interface StoredRow extends Row {
  seq: number;
  at: number;
  event: string;
  fields: string;
  prev_hash: string;
  hash: string;
}

const fromStored = (row: StoredRow): JournalRow => ({
  seq: row.seq,
  at: row.at,
  event: row.event,
  fields: JSON.parse(row.fields) as JournalFields,
  prevHash: row.prev_hash,
  hash: row.hash,
});

/** Rows after `after` in order, `limit` at most. */
export async function readJournal(
  reader: Pick<Statements, "all">,
  after: number,
  limit: number,
): Promise<JournalRow[]> {
  return (
    await reader.all<StoredRow>("SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
  ).map(fromStored);
}

/** How far a chain has been followed. */
export interface ChainEnd {
  seq: number;
  hash: string;
}
export const CHAIN_BEGIN: ChainEnd = { seq: 0, hash: GENESIS };

/** Follows the chain over rows that come next: where it ends then, or the seq of the first row that does not fit. */
function follow(rows: readonly StoredRow[], from: ChainEnd): ChainEnd | number {
  let end = from;
  for (const { seq, at, event, fields, prev_hash, hash } of rows) {
    if (seq !== end.seq + 1 || prev_hash !== end.hash || hash !== hashOf(seq, at, event, fields, prev_hash))
      return seq;
    end = { seq, hash };
  }
  return end;
}

/** The same over the rows after `from`, `limit` at most: for who has other things to do in between. */
export async function followChain(
  reader: Pick<Statements, "all">,
  from: ChainEnd,
  limit: number,
): Promise<ChainEnd | number> {
  const sql = "SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?";
  return follow(await reader.all<StoredRow>(sql, from.seq, limit), from);
}

/** The seq of the first row that does not fit the chain; undefined when all do. */
export async function firstBrokenRow(reader: Pick<Statements, "all">): Promise<number | undefined> {
  const end = follow(await reader.all<StoredRow>("SELECT * FROM journal ORDER BY seq"), CHAIN_BEGIN);
  return typeof end === "number" ? end : undefined;
}
