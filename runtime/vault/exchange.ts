import type { Indicator } from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import { err, isFault, newId, ok, type Result } from "../../drivers/kit/index.ts";
import { type Credential, itemHashOf } from "../../fleet/contract/index.ts";
import type { EXCHANGE_PHASES } from "../ipc/index.ts";
import { type Evidence, judgeLoad, judgeUnload } from "./evidence.ts";
import { vaultFault } from "./faults.ts";
import type { Interlocks } from "./interlocks.ts";
import type { Intent, SlotRow } from "./ledger.ts";
import { MagazineExchange } from "./magazine-exchange.ts";
import { type MotionContext, move } from "./motion.ts";
import type { Papers } from "./papers.ts";

export interface ExchangeEvent {
  exchange: string;
  slot: string;
  effect: string;
  phase: (typeof EXCHANGE_PHASES)[number];
}

/** An exchange that nobody uses is closed, ms. */
const IDLE_MS = 15 * 60_000;

/** Staff loading and emptying slots: one exchange at a time, never beside a hand-over. */
export class Exchange {
  readonly #motion: MotionContext;
  readonly #papers: Papers;
  readonly #magazines: MagazineExchange;
  readonly #interlocks: Interlocks;
  readonly #lights: ReadonlyMap<string, DeviceHost<Indicator>>;
  readonly #ready: () => Result<void>;
  readonly #staffHere: (() => Promise<boolean>) | undefined;
  readonly #onEvent: (event: ExchangeEvent) => void;
  #open: { id: string; operator: string; lastUse: number; exp: number; ending?: boolean } | undefined;
  #running: string | undefined;
  #end: Promise<void> = Promise.resolve();

  constructor(options: {
    motion: MotionContext;
    papers: Papers;
    interlocks: Interlocks;
    lights: ReadonlyMap<string, DeviceHost<Indicator>>;
    ready: () => Result<void>;
    /** Whether the service switch is seen on; left out where a unit has none. */
    staffHere?: (() => Promise<boolean>) | undefined;
    onEvent: (event: ExchangeEvent) => void;
  }) {
    this.#motion = options.motion;
    this.#papers = options.papers;
    this.#magazines = new MagazineExchange(options.motion, options.papers);
    this.#interlocks = options.interlocks;
    this.#lights = options.lights;
    this.#ready = options.ready;
    this.#staffHere = options.staffHere;
    this.#onEvent = options.onEvent;
  }

  get current(): string | undefined {
    const { clock, ledger } = this.#motion;
    const open = this.#open;
    const over = open && (clock.mono() - open.lastUse > IDLE_MS || clock.wall() / 1000 >= open.exp);
    if (over && !this.#running) {
      this.#open = undefined;
      // A ledger that cannot write this has died, which ends the process by itself.
      ledger.closeExchange(open.id, "timeout").catch(() => undefined);
    }
    return this.#open?.id;
  }

  busy = (slot: string): boolean => this.#running === slot;

  /** Waits until nothing moves any more. */
  idle = (): Promise<void> => this.#end;

  /**
   * Opens an exchange by one credential, or by two of different people where items cannot be read at hand-over. The core has
   * seen every credential and could show it again: it counts while the service switch is on, and where there is none, once.
   */
  async begin(jwss: readonly string[]): Promise<Result<{ exchange: string; witness: boolean }>> {
    const ready = this.#ready();
    if (!ready.ok) return ready;
    if (this.current) return err(vaultFault("exchangeOpen"));
    const staff = await this.#seen();
    if (!staff.ok) return staff;
    const credentials: Credential[] = [];
    for (const jws of jwss) {
      const credential = this.#papers.credential(jws);
      if (!credential.ok) return credential;
      credentials.push(credential.value);
    }
    const { locks, dispensers } = this.#motion;
    const witness =
      locks.places().some((place) => locks.capabilities(place.slot)?.readsItem !== true) ||
      dispensers.magazines().some((place) => dispensers.capabilities(place.dispenser)?.readsItem !== true);
    const people = new Set(credentials.map((credential) => credential.operator));
    if (witness && people.size < 2) return err(vaultFault("witnessNeeded"));
    const exchange = newId(this.#motion.clock.wall());
    try {
      await this.#motion.ledger.openExchange(exchange, credentials, { once: !this.#staffHere });
    } catch (error) {
      if (isFault(error)) return err(error);
      throw error;
    }
    this.#open = {
      id: exchange,
      operator: [...people].join("+"),
      lastUse: this.#motion.clock.mono(),
      exp: Math.min(...credentials.map((credential) => credential.exp)),
    };
    return ok({ exchange, witness });
  }

  /** Unlocks and lights a free slot for an assigned item; events follow until its door is closed. */
  async load(request: {
    exchange: string;
    item: string;
    assignment: string;
  }): Promise<Result<{ slot: string; effect: string }>> {
    const usable = await this.#usable(request.exchange);
    if (!usable.ok) return usable;
    const assignment = this.#papers.assignment(request.assignment);
    if (!assignment.ok) return assignment;
    if (assignment.value.item !== request.item) return err(vaultFault("wrongItem"));
    const itemHash = itemHashOf(request.item);
    if (await this.#motion.ledger.slotOfItem(itemHash)) return err(vaultFault("itemAlreadyLoaded"));
    const slot = await this.#freeSlot();
    if (!slot) return err(vaultFault((await this.#motion.locks.lookAll()).size > 0 ? "noSlot" : "notReady"));
    return this.#run(this.#intent("load", slot, itemHash), "absent", judgeLoad);
  }

  /** Unlocks one slot so that its item can be taken back; also one that is called empty and in which something lies. */
  async unload(request: {
    exchange: string;
    slot: string;
  }): Promise<Result<{ slot: string; effect: string }>> {
    const usable = await this.#usable(request.exchange);
    if (!usable.ok) return usable;
    const row = (await this.#motion.ledger.slots()).find((slot) => slot.slot === request.slot);
    if (!row || !this.#motion.locks.has(row.slot)) return err(vaultFault("notLoaded"));
    if (row.state === "empty" && (await this.#motion.locks.look(row.slot))?.item !== "present")
      return err(vaultFault("notLoaded"));
    const intent = this.#intent("unload", row.slot, row.item_hash ?? undefined);
    return this.#run(intent, "any", judgeUnload, row.state);
  }

  /** Staff have laid exactly these items into a dispenser's magazine, the first comes out first. */
  async fill(request: {
    exchange: string;
    slot: string;
    items: { item: string; assignment: string }[];
  }): Promise<Result<{ items: number }>> {
    const usable = await this.#usable(request.exchange);
    if (!usable.ok || !this.#open) return usable.ok ? err(vaultFault("noExchange")) : usable;
    const { operator } = this.#open;
    return this.#magazines.fill(request.slot, request.items, { exchange: request.exchange, operator });
  }

  /** Staff have emptied the bin of the dispenser that this magazine belongs to. */
  async emptyBin(request: { exchange: string; slot: string }): Promise<Result<{ items: number }>> {
    const usable = await this.#usable(request.exchange);
    if (!usable.ok || !this.#open) return usable.ok ? err(vaultFault("noExchange")) : usable;
    return this.#magazines.emptyBin(request.slot, this.#open.operator);
  }

  /** Ends it; while a door is open for staff, as soon as that motion has ended. Nothing begins in it any more. */
  async end(exchange: string): Promise<Result<{ loaded: number; unloaded: number }>> {
    if (!this.#open || this.current !== exchange) return err(vaultFault("noExchange"));
    if (this.#running) {
      this.#open.ending = true;
      return ok(await this.#motion.ledger.exchanged(exchange));
    }
    return ok(await this.#close(this.#open));
  }

  #close({ id, operator }: { id: string; operator: string }): Promise<{ loaded: number; unloaded: number }> {
    this.#open = undefined;
    return this.#motion.ledger.closeExchange(id, operator);
  }

  #intent(kind: "load" | "unload", slot: string, itemHash: string | undefined): Intent {
    const open = this.#open;
    if (!open) throw new TypeError("no exchange");
    return {
      effect: newId(this.#motion.clock.wall()),
      kind,
      slot,
      exchange: open.id,
      operator: open.operator,
      ...(itemHash ? { itemHash } : {}),
    };
  }

  async #usable(exchange: string): Promise<Result<void>> {
    const ready = this.#ready();
    if (!ready.ok) return ready;
    if (this.current !== exchange || !this.#open) return err(vaultFault("noExchange"));
    if (this.#running) return err(vaultFault("slotBusy", { slot: this.#running }));
    const staff = await this.#seen();
    if (!staff.ok) return staff;
    const interlocks = await this.#interlocks.active();
    if (interlocks.length > 0) return err(vaultFault("interlocked", { by: interlocks.join(",") }));
    this.#open.lastUse = this.#motion.clock.mono();
    return ok(undefined);
  }

  /** Refuses where the unit has a service switch and it is not seen on. */
  async #seen(): Promise<Result<void>> {
    return !this.#staffHere || (await this.#staffHere()) ? ok(undefined) : err(vaultFault("staffAbsent"));
  }

  /** The first slot that the ledger calls empty and whose sensors agree. */
  async #freeSlot(): Promise<string | undefined> {
    const states = await this.#motion.locks.lookAll();
    for (const row of await this.#motion.ledger.slots()) {
      const state = states.get(row.slot);
      if (row.state === "empty" && state?.latch === "locked" && state.item !== "present") return row.slot;
    }
    return undefined;
  }

  #run(
    intent: Intent,
    expected: "absent" | "any",
    judge: (evidence: Evidence) => "stored" | "empty" | "notMoved" | "presented" | "unknown",
    was: SlotRow["state"] = "empty",
  ): Promise<Result<{ slot: string; effect: string }>> {
    const { effect, slot, exchange = "" } = intent;
    this.#running = slot;
    const tell = (phase: ExchangeEvent["phase"]): void => this.#onEvent({ exchange, slot, effect, phase });
    return new Promise((accepted) => {
      this.#end = (async () => {
        try {
          await this.#light(slot, true);
          const evidence = await move(this.#motion, intent, expected, (phase) => {
            if (phase === "issued") accepted(ok({ slot, effect }));
            if (phase === "unlocked" || phase === "opened") tell(phase);
          });
          const outcome = judge(evidence);
          await this.#motion.ledger.finish(intent, outcome, {
            after: evidence.again,
            detail: evidence.detail ?? (isStray(intent) ? "stray" : undefined),
          });
          this.#running = undefined;
          tell(outcome === "notMoved" ? unmoved(was, evidence) : outcome);
        } catch (error) {
          if (!isFault(error)) throw error;
          accepted(err(error));
        } finally {
          this.#running = undefined; // also when it ended by a fault
          const open = this.#open;
          if (open) open.lastUse = this.#motion.clock.mono();
          // A ledger that cannot write this has died, which ends the process by itself.
          if (open?.ending) await this.#close(open).catch(() => undefined);
          await this.#light(slot, false);
        }
      })();
    });
  }

  async #light(slot: string, on: boolean): Promise<void> {
    const role = this.#motion.locks.place(slot).light;
    const host = role ? this.#lights.get(role) : undefined;
    await host?.use("configure", 1_000, (light) => light.set(on));
  }
}

/** What comes out of a slot of whose item the ledger knows nothing is nobody's. */
const isStray = ({ kind, itemHash }: Intent): boolean => kind === "unload" && itemHash === undefined;

/** A door that was not opened leaves the slot as it was: what lay there lies there, and what nobody knew nobody knows. */
function unmoved(was: SlotRow["state"], { before }: Evidence): ExchangeEvent["phase"] {
  if (was === "unknown" || was === "presented") return was;
  return before.item === "absent" ? "empty" : "stored";
}
