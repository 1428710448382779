import type { DispenserMotion, LockState } from "../../drivers/contract/index.ts";
import { JOURNAL_SCHEMA, type Row } from "../../drivers/store/index.ts";
import type { SLOT_STATES } from "../ipc/index.ts";
import { STOCK_SCHEMA } from "./stock.ts";

export type SlotState = (typeof SLOT_STATES)[number];
/**
 * `intake`: an old card comes in through a dispenser's entry; `clear`: what an ended motion left in a dispenser's path is
 * captured.
 */
export type EffectKind = "release" | "load" | "unload" | "intake" | "clear";

export interface SlotRow extends Row {
  slot: string;
  state: SlotState;
  item_hash: string | null;
  effect: string | null;
  /** Magazine of a dispenser that the slot is a place of; null for a compartment. */
  magazine: string | null;
  /** Order in the magazine, the lowest comes out first; null when the item is not in it. */
  place: number | null;
  /** Where a compartment is, as pins.ts says it; null before that was written down. */
  device: string | null;
  compartment: number | null;
  /** Where the configuration says that it is, as long as that is in doubt. */
  to_device: string | null;
  to_compartment: number | null;
  /** What it was before that, as long as it may be that again: null when it may not. */
  was_state: SlotState | null;
  was_effect: string | null;
  /** Wall clock until which it may, ms, within one boot; null without a limit. */
  was_until: number | null;
  was_boot: string | null;
}

export interface EffectRow extends Row {
  effect: string;
  kind: EffectKind;
  state: "INTENT" | "ISSUED" | "DONE";
  slot: string;
  voucher: string | null;
  item_hash: string | null;
  command: string | null;
  request_hash: string | null;
  exchange: string | null;
  operator: string | null;
  before: string | null;
  after: string | null;
  latch_seen: number;
  outcome: string | null;
  modifier: string | null;
  /** Hash of what was read at a dispenser's reader; `unreadable` when nothing could be. */
  read_hash: string | null;
  /** Where an ended motion left an item in a dispenser's path. */
  left_at: "gate" | "path" | null;
  /** The effect whose leftover this one clears. */
  clears: string | null;
  /** Of an intake: whether any card is kept. */
  any_card: number;
  /** Wall clock of the intent, ms. */
  at: number;
  /** Boot of the computer in which it began; null of one from before that was written down. */
  boot: string | null;
  /** Uptime of that boot at the intent, ms; null as `boot`. */
  up: number | null;
  /** 1 when staff were there while a hand-over that was left presented stood open. */
  staff: number;
}

/** One motion of a dispenser within an effect: each is issued once. */
export interface MotionRow extends Row {
  effect: string;
  motion: DispenserMotion;
  before: string;
}

export interface Intent {
  effect: string;
  kind: EffectKind;
  slot: string;
  itemHash?: string;
  voucher?: { id: string; seq: number };
  command?: { id: string; requestHash: string };
  exchange?: string;
  operator?: string;
  clears?: string;
  anyCard?: boolean;
}

/** What a journal row may say. */
export type About = Partial<Intent> & { outcome?: string; detail?: string };

export const MIGRATIONS = [
  `CREATE TABLE slots (slot TEXT PRIMARY KEY, state TEXT NOT NULL, item_hash TEXT UNIQUE, effect TEXT);
   CREATE TABLE effects (
     effect TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, slot TEXT NOT NULL,
     voucher TEXT, seq INTEGER, item_hash TEXT, command TEXT UNIQUE, request_hash TEXT, exchange TEXT, operator TEXT,
     before TEXT, latch_seen INTEGER NOT NULL DEFAULT 0, outcome TEXT, at INTEGER NOT NULL);
   CREATE UNIQUE INDEX one_open_effect ON effects (slot) WHERE state <> 'DONE';
   CREATE TABLE consumed (voucher TEXT PRIMARY KEY, item_hash TEXT NOT NULL, seq INTEGER NOT NULL, effect TEXT NOT NULL);
   CREATE TABLE exchanges (exchange TEXT PRIMARY KEY, operators TEXT NOT NULL, credit INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER);
   CREATE TABLE credentials (credential TEXT PRIMARY KEY, used INTEGER NOT NULL, unlocks INTEGER NOT NULL);
   ${JOURNAL_SCHEMA}`,
  "ALTER TABLE effects ADD COLUMN after TEXT",
  // A slot may be a place in a dispenser's magazine.
  `ALTER TABLE slots ADD COLUMN magazine TEXT;
   ALTER TABLE slots ADD COLUMN place INTEGER;
   ALTER TABLE effects ADD COLUMN modifier TEXT;
   ALTER TABLE effects ADD COLUMN read_hash TEXT;
   ALTER TABLE effects ADD COLUMN left_at TEXT;
   ALTER TABLE effects ADD COLUMN clears TEXT;
   ALTER TABLE effects ADD COLUMN any_card INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE motions (effect TEXT NOT NULL, motion TEXT NOT NULL, before TEXT NOT NULL, at INTEGER NOT NULL,
     PRIMARY KEY (effect, motion));
   ${STOCK_SCHEMA}`,
  "CREATE TABLE alarms (role TEXT PRIMARY KEY, alarm TEXT NOT NULL, at INTEGER NOT NULL)",
  // A slot is held to its place, whatever a later configuration says.
  `ALTER TABLE slots ADD COLUMN device TEXT;
   ALTER TABLE slots ADD COLUMN compartment INTEGER;
   ALTER TABLE slots ADD COLUMN to_device TEXT;
   ALTER TABLE slots ADD COLUMN to_compartment INTEGER;
   ALTER TABLE magazines ADD COLUMN position INTEGER`,
  "ALTER TABLE effects ADD COLUMN boot TEXT",
  `ALTER TABLE effects ADD COLUMN staff INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE effects ADD COLUMN up INTEGER`,
  // What a slot was before a configuration put it in doubt, which may only be on trial.
  `ALTER TABLE slots ADD COLUMN was_state TEXT;
   ALTER TABLE slots ADD COLUMN was_effect TEXT;
   ALTER TABLE slots ADD COLUMN was_until INTEGER;
   ALTER TABLE slots ADD COLUMN was_boot TEXT`,
];

export type Seen = Pick<LockState, "latch" | "item">;

const FAMILIES: Readonly<Record<EffectKind, string>> = {
  release: "handover",
  load: "exchange",
  unload: "exchange",
  intake: "intake",
  clear: "path",
};

/** First half of the names of an effect's journal rows. */
export const family = (kind: EffectKind): string => FAMILIES[kind];

/** What the outcome of a motion makes of its compartment; undefined when it is as it was. */
export function slotAfter(
  intent: Intent,
  outcome: string,
): { state: SlotState; itemHash: string | null } | undefined {
  const item = intent.itemHash ?? null;
  switch (outcome) {
    case "taken":
    case "empty":
      return { state: "empty", itemHash: null };
    case "stored":
      return { state: "loaded", itemHash: item };
    case "presented":
      return { state: "presented", itemHash: item };
    case "unknown":
      return { state: "unknown", itemHash: item };
    default:
      return undefined; // notMoved: the slot is as it was
  }
}

/** The intent of a stored effect, for its recovery. */
export function intentOf(row: EffectRow): Intent {
  return {
    effect: row.effect,
    kind: row.kind,
    slot: row.slot,
    ...(row.item_hash ? { itemHash: row.item_hash } : {}),
    ...(row.voucher ? { voucher: { id: row.voucher, seq: Number(row.seq ?? 0) } } : {}),
    ...(row.exchange ? { exchange: row.exchange } : {}),
    ...(row.operator ? { operator: row.operator } : {}),
    ...(row.clears ? { clears: row.clears } : {}),
    ...(row.any_card === 1 ? { anyCard: true } : {}),
  };
}
