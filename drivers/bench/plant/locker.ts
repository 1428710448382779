import type { BenchConfig } from "../config.ts";
import { devicesOf } from "../config.ts";
import type { Items } from "./items.ts";
import type { Compartment, Item } from "./state.ts";

/** Something that cannot be done to a real locker either. `reason` is a code. */
export class Impossible extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`impossible on the plant: ${reason}`);
    this.name = "Impossible";
    this.reason = reason;
  }
}

/** Locks of every make, as the locker sees them. */
function boardsOf(config: BenchConfig): { role: string; compartments: number; sensed: boolean }[] {
  const serial = devicesOf(config, "lock.kerong").map(({ role, compartments, itemBit }) => ({
    role,
    compartments,
    sensed: itemBit !== undefined,
  }));
  const wired = devicesOf(config, "lock.gpio").map(({ role, compartments, itemPresentLevel }) => ({
    role,
    compartments: compartments.length,
    sensed: itemPresentLevel !== undefined,
  }));
  return [...serial, ...wired];
}

const keyOf = (lock: string, compartment: number) => `${lock}/${compartment}`;

/** Every compartment of every lock board, with what lies in it. Says what happened through `say`. */
export class Locker {
  readonly #compartments = new Map<string, Compartment>();
  readonly #bySlot = new Map<string, Compartment>();
  readonly #sensed = new Set<string>();
  readonly #items: Items;
  readonly #say: (about: string, what: string, more?: Record<string, unknown>) => number;

  constructor(
    config: BenchConfig,
    items: Items,
    say: (about: string, what: string, more?: Record<string, unknown>) => number,
  ) {
    this.#items = items;
    this.#say = say;
    for (const board of boardsOf(config)) {
      if (board.sensed) this.#sensed.add(board.role);
      for (let compartment = 0; compartment < board.compartments; compartment += 1) {
        const slot = config.slots.find((row) => row.lock === board.role && row.compartment === compartment);
        const made: Compartment = {
          lock: board.role,
          compartment,
          slot: slot?.slot ?? null,
          latch: "locked",
          door: "closed",
          jammed: false,
          sensor: "ok",
          item: null,
          motions: 0,
          forced: 0,
        };
        this.#compartments.set(keyOf(board.role, compartment), made);
        if (slot) this.#bySlot.set(slot.slot, made);
      }
    }
  }

  energise(lock: string, compartment: number, ms: number): void {
    const it = this.#compartments.get(keyOf(lock, compartment));
    if (!it || ms <= 0) return;
    it.motions += 1;
    if (!it.jammed) {
      it.latch = "open";
      if (it.door === "closed") it.door = "ajar";
    }
    this.#say(it.slot ?? lock, it.jammed ? "coil energised, bolt sticks" : "latch springs open", {
      lock,
      compartment,
      ms,
    });
  }

  latch(lock: string, compartment: number): "locked" | "open" {
    return this.#compartments.get(keyOf(lock, compartment))?.latch ?? "locked";
  }

  doorOf(lock: string, compartment: number): Compartment["door"] {
    return this.#compartments.get(keyOf(lock, compartment))?.door ?? "closed";
  }

  itemSensed(lock: string, compartment: number): boolean {
    const it = this.#compartments.get(keyOf(lock, compartment));
    if (!it || !this.#sensed.has(lock)) return false;
    if (it.sensor === "ok") return it.item !== null;
    return it.sensor === "stuckPresent";
  }

  /** A person pulls the door fully open; `force` is a crowbar. */
  openDoor(slot: string, force = false): void {
    const it = this.#slot(slot);
    if (it.door === "open") return;
    if (it.latch === "locked") {
      if (!force) throw new Impossible("locked");
      it.latch = "open";
      it.forced += 1;
    }
    it.door = "open";
    this.#say(slot, force ? "door forced open" : "door pulled open");
  }

  closeDoor(slot: string): void {
    const it = this.#slot(slot);
    if (it.door === "closed") return;
    it.door = "closed";
    it.latch = "locked";
    this.#say(slot, "door closed, latch catches");
  }

  /** Lays the thing with this label inside: the one that is in somebody's hands, otherwise a new one. */
  putItem(slot: string, code: string): Item {
    const it = this.#slot(slot);
    if (it.door === "closed") throw new Impossible("doorClosed");
    if (it.item !== null) throw new Impossible("occupied");
    const item = this.#items.inHand(code);
    it.item = item.id;
    this.#items.move(item, slot, this.#say(slot, "item laid in", { item: item.id }));
    return item;
  }

  takeItem(slot: string): Item {
    const it = this.#slot(slot);
    if (it.door === "closed") throw new Impossible("doorClosed");
    const item = this.#items.get(it.item);
    if (!item) throw new Impossible("empty");
    it.item = null;
    this.#items.move(item, "out", this.#say(slot, "item taken out", { item: item.id }));
    return item;
  }

  setSensor(slot: string, sensor: Compartment["sensor"]): void {
    this.#slot(slot).sensor = sensor;
    this.#say(slot, `item sensor: ${sensor}`);
  }

  setJammed(slot: string, jammed: boolean): void {
    this.#slot(slot).jammed = jammed;
    this.#say(slot, jammed ? "bolt sticks" : "bolt moves freely");
  }

  /** How often each slot's coil was energised. */
  motions(): Record<string, number> {
    return Object.fromEntries([...this.#bySlot].map(([slot, { motions }]) => [slot, motions]));
  }

  compartments(): Compartment[] {
    return structuredClone([...this.#compartments.values()]);
  }

  /** Where things were when the bench last ran. Compartments that are no longer wired are left out. */
  restore(compartments: readonly Compartment[]): void {
    for (const row of compartments) {
      const it = this.#compartments.get(keyOf(row.lock, row.compartment));
      if (it) Object.assign(it, row, { slot: it.slot });
    }
  }

  #slot(slot: string): Compartment {
    const it = this.#bySlot.get(slot);
    if (!it) throw new Impossible("noSuchSlot");
    return it;
  }
}
