import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isFault, systemClock } from "../../drivers/kit/index.ts";
import type { Row, Statements } from "../../drivers/store/index.ts";
import { type Intent, Ledger } from "../../runtime/vault/ledger.ts";
import type { PinnedPlace } from "../../runtime/vault/places.ts";
import type { MagazinePlace } from "../../runtime/vault/stock.ts";
import { tokenMint } from "../../runtime/vault/tokens.ts";
import type { TestContext } from "../kit.ts";

export const WALL = 1_800_000_000_000;
export const BOOT = { id: "boot-1", uptime: () => 12_345.6 };
export const BOARD: PinnedPlace[] = ["1", "2", "3"].map((slot, compartment) => ({
  slot,
  device: "kerong/0",
  compartment,
}));
export const STACK: MagazinePlace = { slot: "M1", dispenser: "dispenser.main", magazine: 0, capacity: 3 };
export const LOCKED = { latch: "locked", item: "present" } as const;
export const AT = { device: "lock.main", compartment: 0 };

/** A hand-over with everything that an intent can say. */
export const RELEASE: Intent = {
  effect: "e1",
  kind: "release",
  slot: "1",
  itemHash: "hash-1",
  voucher: { id: "voucher-1", seq: 4 },
  command: { id: "command-1", requestHash: "request-1" },
  operator: "anna",
};

/** The same of staff's, within one exchange. */
export const LOAD: Intent = {
  effect: "e2",
  kind: "load",
  slot: "2",
  itemHash: "hash-2",
  exchange: "x1",
  operator: "a",
};
export const UNLOAD: Intent = { ...LOAD, effect: "e3", kind: "unload" };
/** What the journal says of them. */
export const HANDED = { effect: "e1", slot: "1", voucher: "voucher-1", itemHash: "hash-1", operator: "anna" };
export const STAFF = { effect: "e2", slot: "2", itemHash: "hash-2", operator: "a" };
export const CREDENTIALS = [
  { id: "c1", operator: "anna", unlocks: 2 },
  { id: "c2", operator: "bert", unlocks: 3 },
];
/** What a dispenser shows before a motion. */
export const PATH = { path: "clear", bin: 2 } as const;

interface Options {
  slots?: PinnedPlace[];
  magazines?: MagazinePlace[];
  /** Null of a ledger that is told none. */
  boot?: typeof BOOT | null;
}

/** One ledger on a file of its own, whose rows can be looked at and laid; its wall clock stands. */
export async function ledgerRig(t: Pick<TestContext, "after">, first: Options = {}) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-ledger-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = { ...systemClock, now: WALL, wall: () => clock.now };
  const tokens = tokenMint();
  const open = ({ slots = BOARD, magazines = [], boot = BOOT }: Options) =>
    Ledger.open(join(folder, "ledger.db"), {
      clock,
      mint: tokens.mint,
      slots,
      magazines,
      ...(boot ? { boot } : {}),
    });
  let ledger = await open(first);
  t.after(() => ledger.close());

  const rig = {
    clock,
    ...tokens,
    get ledger() {
      return ledger;
    },
    /** Closes it and opens it anew. */
    async reopen(options: Options = first): Promise<void> {
      await ledger.close();
      ledger = await open(options);
    },
    /** Does something in the ledger's tables that none of its operations does. */
    lay: (job: (t: Statements) => Promise<void>): Promise<void> => ledger.write("test.laid", {}, job),
    /** Rows of a table without what is null, by its first column's order. */
    async rows(table: string): Promise<Row[]> {
      let found: Row[] = [];
      const looked = new Error("looked");
      await ledger
        .write("test.look", {}, async (t) => {
          found = await t.all(`SELECT * FROM ${table} ORDER BY 1`);
          throw looked;
        })
        .catch((error) => {
          if (error !== looked) throw error;
        });
      return found.map(
        (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row,
      );
    },
    async row(table: string, key: string): Promise<Row | undefined> {
      return (await rig.rows(table)).find((row) => Object.values(row)[0] === key);
    },
    /** Runs an operation that is to write `lines` of the journal, durable and told before it comes back. */
    async writes<T>(lines: Record<string, unknown>[], job: () => Promise<T>): Promise<T> {
      const before = (await rig.rows("journal")).length;
      const told: number[] = [];
      ledger.onJournal = (seq) => told.push(seq);
      const value = await job();
      const toldThen = [...told];
      const added = (await rig.rows("journal")).slice(before);
      assert.equal(
        added.map(({ event, fields, at }) => {
          assert.is(at, clock.now);
          return { event, ...JSON.parse(String(fields)) };
        }),
        lines,
      );
      assert.equal(
        toldThen,
        added.map(({ seq }) => seq),
        "told once it is durable, and before it comes back",
      );
      return value;
    },
    /** Runs an operation that is to be refused by `code` and to change no table. */
    async refuses(code: string, job: () => Promise<unknown>, fields?: Row): Promise<void> {
      const tables = ["slots", "effects", "consumed", "exchanges", "credentials", "motions", "journal"];
      const all = async () => Promise.all(tables.map((table) => rig.rows(table)));
      const before = await all();
      let thrown: unknown;
      await job().catch((error) => {
        thrown = error;
      });
      assert.ok(isFault(thrown, code), `${code}, not ${thrown}`);
      if (fields) assert.equal(isFault(thrown) && thrown.fields, fields);
      assert.equal(await all(), before);
    },
  };
  return rig;
}
