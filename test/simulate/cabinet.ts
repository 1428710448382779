import type { Life, Scheduler } from "./engine/scheduler.ts";

/** One thing that belongs to one person. */
export interface Item {
  code: string;
  owner: string;
  /** Slot, or `out`: in somebody's hands. */
  place: string;
}

export interface Compartment {
  slot: string;
  board: number;
  lock: number;
  bolt: "locked" | "open";
  door: "closed" | "open";
  item: Item | undefined;
  /** Coil energised so often: what the judge counts. */
  motions: number;
  jammed: boolean;
  itemSensor: "ok" | "stuckPresent" | "stuckAbsent";
  latchSensor: "ok" | "stuckLocked" | "stuckOpen";
}

export interface CabinetOptions {
  scheduler: Scheduler;
  life: Life;
  boards: number;
  locksPerBoard: number;
  /** Right before a coil is energised. */
  onEnergise: (place: Compartment) => void;
  /** After a bolt has sprung open. */
  onOpen: (place: Compartment) => void;
}

const REACTION_MS = 8;
const BYTE_MS = 10 / 19.2;

/**
 * Lock boards on one bus with compartments, doors and items: the world as it is, which counts for itself. Frames are
 * `02 ADDR CMD 03 SUM` and answers `02 ADDR 35 L L I I 03 SUM`, written here a second time on purpose.
 */
export class Cabinet {
  readonly places: Compartment[] = [];
  /** Boards that have power. */
  powered = true;
  /** Puts answers on the line. */
  send: (bytes: Uint8Array) => void = () => undefined;
  readonly #options: CabinetOptions;
  #pending: number[] = [];
  #epoch = 0;

  constructor(options: CabinetOptions) {
    this.#options = options;
    for (let board = 0; board < options.boards; board++)
      for (let lock = 0; lock < options.locksPerBoard; lock++)
        this.places.push({
          slot: String(this.places.length + 1),
          board,
          lock,
          bolt: "locked",
          door: "closed",
          item: undefined,
          motions: 0,
          jammed: false,
          itemSensor: "ok",
          latchSensor: "ok",
        });
  }

  at(slot: string): Compartment {
    const place = this.places[Number(slot) - 1];
    if (!place) throw new TypeError(`no slot ${slot}`);
    return place;
  }

  motions(): number {
    return this.places.reduce((sum, place) => sum + place.motions, 0);
  }

  /** Bytes of the line; what is no request is skipped byte by byte. */
  receive(bytes: Uint8Array): void {
    if (!this.powered) return;
    const pending = this.#pending;
    for (const byte of bytes) pending.push(byte);
    while (pending.length >= 5) {
      const [stx, address = 0, command, etx, sum] = pending as [number, number, number, number, number];
      const good = stx === 2 && etx === 3 && sum === ((stx + address + command + etx) & 0xff);
      if (!good) {
        pending.shift();
        continue;
      }
      pending.splice(0, 5);
      if (command === 0x30) this.#answer(address >> 4);
      if (command === 0x31) this.#unlock(address >> 4, address & 15);
    }
  }

  /** Takes the power of every board for a while: what they had begun is forgotten, bolts stay as they are. */
  cutPower(ms: number): void {
    this.powered = false;
    this.#epoch++;
    this.#pending = [];
    this.#options.scheduler.after(ms, this.#options.life, () => {
      this.powered = true;
    });
  }

  open(place: Compartment): void {
    if (place.bolt === "open") place.door = "open";
  }

  close(place: Compartment): void {
    place.door = "closed";
    place.bolt = "locked";
  }

  put(place: Compartment, item: Item): void {
    if (place.door !== "open" || place.item || item.place !== "out")
      throw new TypeError("a hand cannot do that");
    place.item = item;
    item.place = place.slot;
  }

  take(place: Compartment): Item {
    const { item } = place;
    if (place.door !== "open" || !item) throw new TypeError("a hand cannot do that");
    place.item = undefined;
    item.place = "out";
    return item;
  }

  /** Staff open the cabinet from behind. */
  remove(place: Compartment): void {
    if (place.item) place.item.place = "out";
    place.item = undefined;
  }

  #unlock(board: number, lock: number): void {
    const place = this.places.find((it) => it.board === board && it.lock === lock);
    if (!place) return;
    this.#options.onEnergise(place);
    if (!this.powered) return;
    place.motions++;
    if (place.jammed || place.bolt === "open") return;
    place.bolt = "open";
    this.#options.onOpen(place);
  }

  #answer(board: number): void {
    if (board >= this.#options.boards) return;
    const epoch = this.#epoch;
    this.#options.scheduler.after(REACTION_MS + 9 * BYTE_MS, this.#options.life, () => {
      if (epoch === this.#epoch && this.powered) this.send(this.#status(board));
    });
  }

  #status(board: number): Uint8Array {
    let latches = 0;
    let items = 0;
    for (const place of this.places) {
      if (place.board !== board) continue;
      const locked =
        place.latchSensor === "ok" ? place.bolt === "locked" : place.latchSensor === "stuckLocked";
      const present =
        place.itemSensor === "ok" ? place.item !== undefined : place.itemSensor === "stuckPresent";
      if (locked) latches |= 1 << place.lock;
      if (present) items |= 1 << place.lock;
    }
    const body = [2, board << 4, 0x35, latches & 255, latches >> 8, items & 255, items >> 8, 3];
    return Uint8Array.from([...body, body.reduce((sum, byte) => (sum + byte) & 255, 0)]);
  }
}
