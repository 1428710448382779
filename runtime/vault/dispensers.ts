import type {
  Dispenser,
  DispenserCapabilities,
  DispenserMotion,
  MotionToken,
} from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import { type Clock, isFault, type Result } from "../../drivers/kit/index.ts";
import { itemHashOf } from "../../fleet/contract/index.ts";
import type { CardSeen } from "./card-evidence.ts";
import { twoLooks } from "./looks.ts";
import type { MagazinePlace } from "./stock.ts";

/** Longest times of the device, ms; the driver's own limits end before. */
const READ_MS = 15_000;
const IDENTIFY_MS = 30_000;
const MOVE_MS = 25_000;
/** A chip that does not answer is asked again so often: reading moves nothing. */
const READ_TRIES = 3;

export interface DispenserLook extends CardSeen {
  /** By magazine. */
  stock: ("empty" | "low" | "enough" | "unknown")[];
  binFull: boolean;
}

/** The dispensers of a unit and their magazines. */
export class Dispensers {
  readonly #hosts: ReadonlyMap<string, DeviceHost<Dispenser>>;
  readonly #magazines: ReadonlyMap<string, MagazinePlace>;
  readonly #clock: Clock;

  constructor(
    hosts: ReadonlyMap<string, DeviceHost<Dispenser>>,
    magazines: readonly MagazinePlace[],
    clock: Clock,
  ) {
    this.#hosts = hosts;
    this.#magazines = new Map(magazines.map((place) => [place.slot, place]));
    this.#clock = clock;
  }

  magazines = (): MagazinePlace[] => [...this.#magazines.values()];

  /** The magazine of this name, or that a slot such as `M1-03` is a place of. */
  magazine = (slot: string): MagazinePlace | undefined =>
    this.#magazines.get(slot) ?? this.#magazines.get(slot.split("-")[0] ?? "");

  capabilities = (dispenser: string): DispenserCapabilities | undefined =>
    this.#host(dispenser).status().capabilities as DispenserCapabilities | undefined;

  /** Resolves when it is ready for commands, now or later. */
  whenReady = (dispenser: string): Promise<void> => this.#host(dispenser).whenReady();

  /** One look; undefined when it cannot be asked now. */
  async look(dispenser: string): Promise<DispenserLook | undefined> {
    const read = await this.#host(dispenser).use("query", READ_MS, (device) => device.read());
    if (!read.ok) return undefined;
    const { path, magazines, bin } = read.value;
    return {
      path,
      ...(bin.count === undefined ? {} : { bin: bin.count }),
      stock: magazines,
      binFull: bin.full,
    };
  }

  /** Two looks that should say the same. */
  lookTwice = (dispenser: string): Promise<[DispenserLook | undefined, DispenserLook | undefined]> =>
    twoLooks(
      this.#clock,
      () => this.look(dispenser),
      (one, other) => one.path === other.path && one.bin === other.bin,
    );

  /** Hash of the item at the reader; `unreadable` when the unit looked and cannot tell, undefined when it did not answer. */
  async identify(dispenser: string): Promise<string | undefined> {
    for (let tries = 1; ; tries++) {
      const read = await this.#host(dispenser).use("query", IDENTIFY_MS, (device) => device.identify());
      if (read.ok) return itemHashOf(read.value);
      if (!isFault(read.error, "device.unreadable")) return undefined;
      if (tries >= READ_TRIES) return "unreadable";
    }
  }

  move(dispenser: string, motion: DispenserMotion, token: MotionToken): Promise<Result<void>> {
    // What is brought out of reach may be whatever is open or pulled out meanwhile.
    const purpose = motion === "retract" ? "safety" : "public";
    return this.#host(dispenser).use("actuate", MOVE_MS, (device) => device[motion](token), { purpose });
  }

  /** Closes the entry. A unit that does not say that it has is opened anew, which closes it too. */
  async endAccept(dispenser: string): Promise<void> {
    const host = this.#host(dispenser);
    const ended = await host.use("configure", READ_MS, (device) => device.endAccept());
    if (!ended.ok) host.renew();
  }

  clearBinCount(dispenser: string): Promise<Result<void>> {
    return this.#host(dispenser).use("configure", READ_MS, (device) => device.clearBinCount());
  }

  #host(dispenser: string): DeviceHost<Dispenser> {
    const host = this.#hosts.get(dispenser);
    if (!host) throw new TypeError(`no dispenser ${dispenser}`);
    return host;
  }
}
