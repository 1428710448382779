import { type BenchConfig, type BenchDeviceOf, devicesOf, type GpioPlace } from "../config.ts";
import type { World } from "../world.ts";

const keyOf = ({ chip, offset }: GpioPlace) => `${chip}/${offset}`;

type Compartments = Pick<World, "attached" | "energise" | "doorOf" | "itemSensed">;

interface Wire {
  lock: BenchDeviceOf<"lock.gpio">;
  compartment: number;
  what: "coil" | "door" | "item";
}

/** The wires of locks on GPIO lines: coils that are driven, and contacts that follow doors and items. */
export class Coils {
  readonly #wires = new Map<string, Wire>();
  readonly #driven = new Map<string, 0 | 1>();
  readonly #world: Compartments;

  constructor(config: BenchConfig, world: Compartments) {
    this.#world = world;
    for (const lock of devicesOf(config, "lock.gpio")) {
      lock.compartments.forEach(({ coil, door, item }, compartment) => {
        this.#wires.set(keyOf(coil), { lock, compartment, what: "coil" });
        this.#driven.set(keyOf(coil), lock.coilActiveLow ? 1 : 0);
        this.#wires.set(keyOf(door), { lock, compartment, what: "door" });
        if (item) this.#wires.set(keyOf(item), { lock, compartment, what: "item" });
      });
    }
  }

  /** Level of a line of a lock; undefined for any other line. A contact whose wire is cut reads its pull-up. */
  level(line: GpioPlace): 0 | 1 | undefined {
    const wire = this.#wires.get(keyOf(line));
    if (!wire) return undefined;
    const { lock, compartment, what } = wire;
    if (what === "coil") return this.#driven.get(keyOf(line));
    if (!this.#world.attached(lock.role)) return 1;
    const active =
      what === "door"
        ? this.#world.doorOf(lock.role, compartment) !== "closed"
        : this.#world.itemSensed(lock.role, compartment);
    const level = what === "door" ? lock.doorOpenLevel : (lock.itemPresentLevel ?? 1);
    return active ? level : level === 1 ? 0 : 1;
  }

  /** What came of driving a line; undefined for a line that is no coil. A coil is energised by the edge, once. */
  drive(line: GpioPlace, level: 0 | 1): { lock: string; energised: boolean } | "same" | undefined {
    const wire = this.#wires.get(keyOf(line));
    if (wire?.what !== "coil") return undefined;
    if (this.#driven.get(keyOf(line)) === level) return "same";
    this.#driven.set(keyOf(line), level);
    const energised = level !== (wire.lock.coilActiveLow ? 1 : 0);
    if (energised && this.#world.attached(wire.lock.role))
      this.#world.energise(wire.lock.role, wire.compartment, 1);
    return { lock: wire.lock.role, energised };
  }
}
