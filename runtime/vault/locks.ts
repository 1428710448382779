import type {
  Lock,
  LockCapabilities,
  LockState,
  MotionToken,
  Purpose,
} from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import { type Clock, type Result, shared } from "../../drivers/kit/index.ts";
import { looksWhenReady, twoLooks } from "./looks.ts";

/** Where a slot is: its lock board and compartment. */
export interface SlotPlace {
  slot: string;
  lock: string;
  compartment: number;
  light?: string | undefined;
}

const READ_MS = 1_500;
const UNLOCK_MS = 1_500;
/** A board that does not come back within this leaves its slot `unknown`, so that the other slots serve, ms. */
const BOARD_MS = 30_000;

/** The slots of a unit over its lock boards. */
export class Locks {
  readonly #hosts: ReadonlyMap<string, DeviceHost<Lock>>;
  readonly #places: ReadonlyMap<string, SlotPlace>;
  readonly #clock: Clock;
  /** By board: reads all of it for who tells the slots. However many ask, a motion finds its turn. */
  readonly #reads: ReadonlyMap<string, () => Promise<Result<LockState[]>>>;

  constructor(hosts: ReadonlyMap<string, DeviceHost<Lock>>, places: readonly SlotPlace[], clock: Clock) {
    this.#hosts = hosts;
    this.#places = new Map(places.map((place) => [place.slot, place]));
    this.#clock = clock;
    const read = (host: DeviceHost<Lock>) => shared(() => host.use("query", READ_MS, (lock) => lock.read()));
    this.#reads = new Map([...hosts].map(([role, host]) => [role, read(host)]));
  }

  places = (): SlotPlace[] => [...this.#places.values()];

  /** Whether the configuration knows this slot; the ledger also keeps slots of former configurations. */
  has = (slot: string): boolean => this.#places.has(slot);

  place(slot: string): SlotPlace {
    const place = this.#places.get(slot);
    if (!place) throw new TypeError(`no slot ${slot}`);
    return place;
  }

  host(slot: string): DeviceHost<Lock> {
    const host = this.#hosts.get(this.place(slot).lock);
    if (!host) throw new TypeError(`no lock for slot ${slot}`);
    return host;
  }

  capabilities(slot: string): LockCapabilities | undefined {
    return this.host(slot).status().capabilities as LockCapabilities | undefined;
  }

  /** One look at a compartment; undefined when the board cannot be read or the slot is not wired any more. */
  async look(slot: string): Promise<LockState | undefined> {
    if (!this.has(slot)) return undefined;
    const read = await this.host(slot).use("query", READ_MS, (lock) => lock.read());
    return read.ok ? read.value[this.place(slot).compartment] : undefined;
  }

  /** Two looks that should say the same. */
  lookTwice = (slot: string): Promise<[LockState | undefined, LockState | undefined]> =>
    twoLooks(
      this.#clock,
      () => this.look(slot),
      (one, other) => one.latch === other.latch && one.item === other.item,
    );

  /** The same of a board that may have fallen silent: it is waited for. Ends early with `signal`. */
  async lookTwiceWhenReady(
    slot: string,
    signal?: AbortSignal,
  ): Promise<[LockState | undefined, LockState | undefined]> {
    if (!this.has(slot)) return [undefined, undefined];
    const end = this.#clock.mono() + BOARD_MS;
    return looksWhenReady(
      () => this.lookTwice(slot),
      (over) =>
        Promise.race([this.host(slot).whenReady(), this.#clock.sleep(end - this.#clock.mono(), over)]),
      () => this.#clock.mono() >= end,
      signal,
    );
  }

  /** @param purpose whom the interlocks must allow it */
  unlock(slot: string, token: MotionToken, purpose: Purpose): Promise<Result<void>> {
    return this.host(slot).use("actuate", UNLOCK_MS, (lock) => lock.unlock(token), { purpose });
  }

  /** State of every compartment by slot, board by board. */
  async lookAll(): Promise<Map<string, LockState>> {
    const states = new Map<string, LockState>();
    for (const [role, ask] of this.#reads) {
      const read = await ask();
      if (!read.ok) continue;
      for (const place of this.#places.values()) {
        const state = place.lock === role ? read.value[place.compartment] : undefined;
        if (state) states.set(place.slot, state);
      }
    }
    return states;
  }
}
