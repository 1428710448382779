import type { DispenserMotion, MotionToken, Outcome } from "../../drivers/contract/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import {
  appendJournal,
  type ChainEnd,
  followChain,
  type JournalFields,
  openStore,
  readJournal,
  type Statements,
  type Store,
} from "../../drivers/store/index.ts";
import type { VaultRow } from "../ipc/index.ts";
import type { Boot } from "./boot.ts";
import type { CardSeen } from "./card-evidence.ts";
import { forgetBefore } from "./doubts.ts";
import { addExchange, payUnlock } from "./exchange-rows.ts";
import { log, vaultFault } from "./faults.ts";
import {
  type About,
  type EffectRow,
  family,
  type Intent,
  intentOf,
  MIGRATIONS,
  type MotionRow,
  type Seen,
  type SlotRow,
  slotAfter,
} from "./ledger-schema.ts";
import { pinHere, pinMagazines, pinSlots } from "./pins.ts";
import type { PinnedPlace } from "./places.ts";
import { addMagazines, type MagazinePlace, noteSettled, readStock, type Stock } from "./stock.ts";

export type { EffectRow, Intent, Seen, SlotRow } from "./ledger-schema.ts";
export { intentOf } from "./ledger-schema.ts";

type Mint = (effect: string, device: string, compartment: number, motion?: string) => MotionToken;

interface LedgerOptions {
  clock: Clock;
  mint: Mint;
  slots: readonly PinnedPlace[];
  magazines?: readonly MagazinePlace[];
  /** The boot in which effects begin. */
  boot?: Pick<Boot, "id" | "uptime">;
  synchronousForMutant?: "NORMAL";
}

/** What a token is for: a compartment of a lock, or one motion of a dispenser. */
export interface Target {
  device: string;
  compartment: number;
  motion?: DispenserMotion;
}

/**
 * The durable record of everything that moves. A motion is INTENT before anything is done, ISSUED in the write that
 * consumes its voucher, and DONE with its outcome; only `issue` makes the token that a driver's motion call takes.
 */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #mint: Mint;
  readonly #boot: LedgerOptions["boot"];
  onJournal: (seq: number) => void = () => undefined;

  private constructor(store: Store, options: LedgerOptions) {
    this.#store = store;
    this.#clock = options.clock;
    this.#mint = options.mint;
    this.#boot = options.boot;
  }
  static async open(path: string, options: LedgerOptions): Promise<Ledger> {
    const mutant = options.synchronousForMutant;
    const store = await openStore(path, {
      migrations: MIGRATIONS,
      ...(mutant ? { synchronousForMutant: mutant } : {}),
    });
    const doubtful = await store.tx(async (t) => {
      const magazines = options.magazines ?? [];
      for (const { slot } of options.slots) {
        await t.run(
          "INSERT INTO slots (slot, state) VALUES (?, 'empty') ON CONFLICT (slot) DO NOTHING",
          slot,
        );
      }
      await addMagazines(t, magazines);
      const opening = { wall: options.clock.wall(), boot: options.boot?.id ?? null };
      const names = magazines.map(({ slot }) => slot);
      return [
        ...(await pinSlots(t, options.slots, names, opening)),
        ...(await pinMagazines(t, magazines, opening)),
      ];
    });
    for (const slot of doubtful) log("moved", { slot });
    return new Ledger(store, options);
  }

  get failed() {
    return this.#store.failed;
  }
  probe = (): Promise<void> => this.#store.probe();
  close = (): Promise<void> => this.#store.close();

  slots = (): Promise<SlotRow[]> => this.#store.all<SlotRow>("SELECT * FROM slots ORDER BY slot");
  slotOfItem = (itemHash: string): Promise<SlotRow | undefined> =>
    this.#store.get<SlotRow>("SELECT * FROM slots WHERE item_hash = ?", itemHash);
  /** The item of a magazine that comes out next. */
  firstIn = (magazine: string): Promise<SlotRow | undefined> =>
    this.#store.get<SlotRow>(
      "SELECT * FROM slots WHERE magazine = ? AND state = 'loaded' AND place IS NOT NULL ORDER BY place LIMIT 1",
      magazine,
    );
  openEffects = (): Promise<EffectRow[]> =>
    this.#store.all<EffectRow>("SELECT * FROM effects WHERE state <> 'DONE' ORDER BY at");
  effect = (id: string): Promise<EffectRow | undefined> =>
    this.#store.get<EffectRow>("SELECT * FROM effects WHERE effect = ?", id);
  byCommand = (command: string): Promise<EffectRow | undefined> =>
    this.#store.get<EffectRow>("SELECT * FROM effects WHERE command = ?", command);

  /** Whether a voucher, or a later one for the same item, has been used. */
  async used(voucher: string, itemHash: string, seq: number): Promise<"consumed" | "superseded" | undefined> {
    const rows = await this.#store.all<{ voucher: string }>(
      "SELECT voucher FROM consumed WHERE voucher = ? OR (item_hash = ? AND seq >= ?)",
      voucher,
      itemHash,
      seq,
    );
    if (rows.some((row) => row.voucher === voucher)) return "consumed";
    return rows.length > 0 ? "superseded" : undefined;
  }

  /** Motions of a dispenser that were issued under one effect. */
  motions = (effect: string): Promise<MotionRow[]> =>
    this.#store.all<MotionRow>("SELECT * FROM motions WHERE effect = ?", effect);
  /** Ended effects that left an item in a dispenser's path. */
  leftovers = (): Promise<EffectRow[]> =>
    this.#store.all<EffectRow>("SELECT * FROM effects WHERE left_at IS NOT NULL ORDER BY at");
  /** Counts of every magazine and bin. */
  stock = (): Promise<Stock> => readStock(this.#store);

  /** Writes that a motion is meant. Nothing has moved; a cut from here on releases it. */
  async intent(intent: Intent): Promise<void> {
    await this.#tx(`${family(intent.kind)}.intent`, intent, async (t) => {
      await forgetBefore(t, intent.slot);
      await t.run(
        `INSERT INTO effects (effect, kind, state, slot, voucher, seq, item_hash, command, request_hash, exchange, operator,
           clears, any_card, at, boot, up)
         VALUES (?, ?, 'INTENT', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        intent.effect,
        intent.kind,
        intent.slot,
        intent.voucher?.id ?? null,
        intent.voucher?.seq ?? null,
        intent.itemHash ?? null,
        intent.command?.id ?? null,
        intent.command?.requestHash ?? null,
        intent.exchange ?? null,
        intent.operator ?? null,
        intent.clears ?? null,
        intent.anyCard ? 1 : 0,
        this.#clock.wall(),
        this.#boot?.id ?? null,
        this.#boot ? Math.round(this.#boot.uptime()) : null,
      );
    });
  }

  /**
   * Writes that the command goes out, consumes what pays for it, and only then makes the token: from here on nothing is
   * ever sent again for this effect. Throws `vault.consumed` or `vault.creditUsed` when it was paid for already.
   */
  async issue(intent: Intent, before: Seen | CardSeen, target: Target): Promise<MotionToken> {
    await this.#tx(`${family(intent.kind)}.issued`, intent, async (t) => {
      const changed = await t.run(
        "UPDATE effects SET state = 'ISSUED', before = ? WHERE effect = ? AND state = 'INTENT'",
        JSON.stringify(before),
        intent.effect,
      );
      if (changed.changes !== 1) throw vaultFault("consumed", { effect: intent.effect });
      if (intent.voucher) {
        const consumed = await t.run(
          "INSERT INTO consumed (voucher, item_hash, seq, effect) VALUES (?, ?, ?, ?) ON CONFLICT (voucher) DO NOTHING",
          intent.voucher.id,
          intent.itemHash ?? "",
          intent.voucher.seq,
          intent.effect,
        );
        if (consumed.changes !== 1) throw vaultFault("consumed", { effect: intent.effect });
      } else if (intent.clears) {
        // What was left is paid for by what left it, once.
        const cleared = await t.run(
          "UPDATE effects SET left_at = NULL WHERE effect = ? AND left_at IS NOT NULL",
          intent.clears,
        );
        if (cleared.changes !== 1) throw vaultFault("consumed", { effect: intent.effect });
      } else {
        await payUnlock(t, intent.exchange ?? "");
      }
      if (target.motion) await this.#addMotion(t, intent.effect, target.motion, before);
    });
    return this.#mint(intent.effect, target.device, target.compartment, target.motion);
  }

  /**
   * Writes that a further motion of a dispenser goes out under an effect that was issued, each kind once, and makes its
   * token. Throws `vault.consumed` when it was issued before, or the effect has ended.
   */
  async issueNext(
    intent: Intent,
    before: CardSeen,
    target: Target & { motion: DispenserMotion },
  ): Promise<MotionToken> {
    await this.#tx(`${family(intent.kind)}.${target.motion}`, intent, async (t) => {
      const open = await t.get("SELECT 1 FROM effects WHERE effect = ? AND state = 'ISSUED'", intent.effect);
      if (!open) throw vaultFault("consumed", { effect: intent.effect });
      await this.#addMotion(t, intent.effect, target.motion, before);
    });
    return this.#mint(intent.effect, target.device, target.compartment, target.motion);
  }

  async #addMotion(t: Statements, effect: string, motion: DispenserMotion, before: unknown): Promise<void> {
    const added = await t.run(
      "INSERT INTO motions (effect, motion, before, at) VALUES (?, ?, ?, ?) ON CONFLICT (effect, motion) DO NOTHING",
      effect,
      motion,
      JSON.stringify(before),
      this.#clock.wall(),
    );
    if (added.changes !== 1) throw vaultFault("consumed", { effect });
  }

  /** Writes that the latch was seen open. */
  async latchSeen(intent: Intent): Promise<void> {
    await this.#tx(`${family(intent.kind)}.opened`, intent, async (t) => {
      await t.run("UPDATE effects SET latch_seen = 1 WHERE effect = ?", intent.effect);
    });
  }

  /** Writes that staff were there while what was left presented stood open. */
  async staffCame(effect: EffectRow): Promise<void> {
    await this.#tx(`${family(effect.kind)}.staff`, intentOf(effect), async (t) => {
      await t.run("UPDATE effects SET staff = 1 WHERE effect = ?", effect.effect);
    });
  }

  /** Ends a motion with its outcome, what was seen last, and the slot's new state, in one write. */
  async finish(
    intent: Intent,
    outcome: Outcome | "stored" | "empty",
    { detail, after }: { detail?: string | undefined; after?: Seen | undefined } = {},
  ): Promise<void> {
    const area = family(intent.kind);
    const event = area === "exchange" ? `exchange.${outcome}` : `${area}.outcome`;
    await this.#tx(event, { ...intent, outcome, ...(detail ? { detail } : {}) }, async (t) => {
      await t.run(
        "UPDATE effects SET state = 'DONE', outcome = ?, after = ? WHERE effect = ?",
        outcome,
        after ? JSON.stringify({ latch: after.latch, item: after.item }) : null,
        intent.effect,
      );
      const next = slotAfter(intent, outcome);
      if (next) {
        await t.run(
          "UPDATE slots SET state = ?, item_hash = ?, effect = ? WHERE slot = ?",
          next.state,
          next.itemHash,
          next.state === "unknown" || next.state === "presented" ? intent.effect : null,
          intent.slot,
        );
        if (outcome === "empty") await pinHere(t, intent.slot);
      }
    });
  }

  /** A door that was left open has been closed: what became of the item after all. */
  async settleLate(effect: EffectRow, outcome: Outcome, after: Seen): Promise<void> {
    await this.finish(intentOf(effect), outcome, { detail: "later", after });
  }

  async openExchange(
    exchange: string,
    credentials: { id: string; operator: string; unlocks: number }[],
    { once = false }: { once?: boolean } = {},
  ): Promise<void> {
    await this.#tx(
      "exchange.begin",
      { exchange, operator: credentials.map((c) => c.operator).join("+") },
      async (t) => {
        await addExchange(t, exchange, credentials, { wall: this.#clock.wall(), once });
      },
    );
  }

  async closeExchange(exchange: string, operator: string): Promise<{ loaded: number; unloaded: number }> {
    await this.#tx("exchange.end", { exchange, operator }, async (t) => {
      await t.run("UPDATE exchanges SET closed = ? WHERE exchange = ?", this.#clock.wall(), exchange);
    });
    return this.exchanged(exchange);
  }

  /** What an exchange has come to. */
  async exchanged(exchange: string): Promise<{ loaded: number; unloaded: number }> {
    const count = async (kind: string, outcome: string) =>
      Number(
        (
          await this.#store.get(
            "SELECT count(*) AS n FROM effects WHERE exchange = ? AND kind = ? AND outcome = ?",
            exchange,
            kind,
            outcome,
          )
        )?.n ?? 0,
      );
    return { loaded: await count("load", "stored"), unloaded: await count("unload", "empty") };
  }

  /** Exchanges do not survive a restart: staff begin anew. */
  async closeAllExchanges(): Promise<void> {
    for (const { exchange } of await this.#store.all<{ exchange: string }>(
      "SELECT exchange FROM exchanges WHERE closed IS NULL",
    )) {
      await this.closeExchange(exchange, "restart");
    }
  }

  /** A named operator's finding about a slot that is unknown or left presented; `notMoved` of one whose item may stay. */
  async settle(slot: SlotRow, finding: "taken" | "notMoved" | "removed", operator: string): Promise<void> {
    const gone = finding !== "notMoved";
    await this.#tx(
      "slot.settled",
      {
        slot: slot.slot,
        operator,
        outcome: finding,
        ...(slot.effect ? { effect: slot.effect } : {}),
        ...(slot.item_hash ? { itemHash: slot.item_hash } : {}),
      },
      async (t) => {
        await t.run(
          "UPDATE slots SET state = ?, item_hash = ?, effect = NULL WHERE slot = ?",
          gone ? "empty" : "loaded",
          gone ? null : slot.item_hash,
          slot.slot,
        );
        await forgetBefore(t, slot.slot);
        await pinHere(t, slot.slot);
        if (slot.effect) await t.run("UPDATE effects SET left_at = NULL WHERE effect = ?", slot.effect);
        if (slot.magazine && slot.item_hash) await noteSettled(t, slot.magazine, finding);
      },
    );
  }

  /** Marks a slot whose sensors contradict the ledger before anything was moved. */
  async lockOut(slot: string, effect: string, detail: string): Promise<void> {
    await this.#tx("slot.unknown", { slot, effect, detail }, async (t) => {
      await t.run("UPDATE slots SET state = 'unknown', effect = ? WHERE slot = ?", effect, slot);
    });
  }

  /** Alarms of latched inputs that nobody has settled, by role. */
  alarms = async (): Promise<Map<string, string>> => {
    const rows = await this.#store.all<{ role: string; alarm: string }>("SELECT role, alarm FROM alarms");
    return new Map(rows.map(({ role, alarm }) => [role, alarm]));
  };

  /** Writes that a latched input was active; its role stands for the slot and the alarm for the effect. */
  alarm = (role: string, alarm: string): Promise<void> =>
    this.#tx("interlock.latched", { slot: role, effect: alarm }, async (t) => {
      await t.run("INSERT INTO alarms (role, alarm, at) VALUES (?, ?, ?)", role, alarm, this.#clock.wall());
    });

  /** Writes that a named operator has looked. */
  alarmCleared = (role: string, alarm: string, operator: string): Promise<void> =>
    this.#tx("interlock.cleared", { slot: role, effect: alarm, operator }, async (t) => {
      await t.run("DELETE FROM alarms WHERE role = ? AND alarm = ?", role, alarm);
    });

  /** Requests that were refused, for the record. */
  refused = (method: string, reason: string): Promise<void> =>
    this.#tx("request.refused", { detail: `${method} ${reason}` }, async () => undefined);

  async readJournal(after: number): Promise<VaultRow[]> {
    return (await readJournal(this.#store, after, 100)).map(
      ({ seq, at, event, fields, prevHash, hash }) =>
        ({ seq, at, event, ...fields, prevHash, hash }) as VaultRow,
    );
  }

  followChain = (from: ChainEnd, limit: number): Promise<ChainEnd | number> =>
    followChain(this.#store, from, limit);

  /** Writes one row of the journal together with what `job` changes. @throws what `job` throws; then nothing has happened */
  write = (event: string, about: About, job: (t: Statements) => Promise<void>): Promise<void> =>
    this.#tx(event, about, job);

  async #tx(event: string, about: About, job: (t: Statements) => Promise<void>): Promise<void> {
    const fields: JournalFields = {
      ...(about.effect ? { effect: about.effect } : {}),
      ...(about.slot ? { slot: about.slot } : {}),
      ...(about.voucher ? { voucher: about.voucher.id } : {}),
      ...(about.itemHash ? { itemHash: about.itemHash } : {}),
      ...(about.outcome ? { outcome: about.outcome } : {}),
      ...(about.detail ? { detail: about.detail } : {}),
      ...(about.operator ? { operator: about.operator } : {}),
    };
    const row = await this.#store.tx(async (t) => {
      await job(t);
      return appendJournal(t, this.#clock.wall(), event, fields);
    });
    this.onJournal(row.seq);
  }
}
