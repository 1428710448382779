import { type BenchConfig, devicesOf } from "../config.ts";
import type { Person } from "../people.ts";
import type { DispenserWorld, Finger, PrinterWorld, World } from "../world.ts";
import { Coils } from "./coils.ts";
import { Dispensers } from "./dispensers.ts";
import { Items } from "./items.ts";
import { Lines } from "./lines.ts";
import { Impossible, Locker } from "./locker.ts";
import { Papers } from "./papers.ts";
import type { CameraFault, Draw, Scene } from "./scene.ts";
import type { Climate, Compartment, DispenserView, Item, PlantEvent, PlantState } from "./state.ts";
import { Surroundings } from "./surroundings.ts";

/** What survives a restart of the bench: where things lie, not who stands there. */
export interface PlantSnapshot {
  compartments: Compartment[];
  dispensers: DispenserView[];
  items: Item[];
  inputs: Record<string, boolean>;
  climate: Climate;
}

export interface PlantOptions {
  config: BenchConfig;
  people: readonly Person[];
  draw: Draw;
  /** Wall clock for the events' times. */
  now?: () => number;
}

const KEPT_EVENTS = 500;

/**
 * The physical world around one unit, and its judge: it counts every motion and follows every item itself.
 * People act on it through its methods, simulators through `World`. Throws `Impossible` for what a hand could not do.
 */
export class Plant implements World {
  readonly people: readonly Person[];
  readonly config: BenchConfig;
  /** Card dispensers, for the hands of staff and people, and what a judge counts of them. */
  readonly cards: Dispensers;
  /** Receipt printers: paper, cover, cutter, and what came out. */
  readonly papers: Papers;
  /** Air, mains, and how the cabinet stands. */
  readonly surroundings: Surroundings;
  readonly #items = new Items();
  readonly #locker: Locker;
  readonly #lines: Lines;
  readonly #coils: Coils;
  readonly #draw: Draw;
  readonly #now: () => number;
  readonly #unplugged = new Set<string>();
  readonly #fingers = new Map<string, Finger | null>();
  readonly #cameras = new Map<string, { scene: Scene; fault: CameraFault; frame: number }>();
  readonly #listeners = new Set<(what: string) => void>();
  readonly #eventListeners = new Set<(event: PlantEvent) => void>();
  #events: PlantEvent[] = [];
  #seq = 0;

  constructor(options: PlantOptions) {
    this.config = options.config;
    this.people = options.people;
    this.#draw = options.draw;
    this.#now = options.now ?? Date.now;
    const say = (about: string, what: string, more?: Record<string, unknown>) => this.note(about, what, more);
    this.#locker = new Locker(options.config, this.#items, say);
    this.cards = new Dispensers(options.config, this.#items, say);
    this.papers = new Papers(options.config, say);
    this.surroundings = new Surroundings(say);
    this.#lines = new Lines(options.config);
    this.#coils = new Coils(options.config, this);
    for (const { role } of devicesOf(options.config, "fingerprint.ef01")) this.#fingers.set(role, null);
    const { config } = options;
    for (const { role } of [...devicesOf(config, "camera.libcamera"), ...devicesOf(config, "camera.v4l2")]) {
      this.#cameras.set(role, { scene: { kind: "empty" }, fault: "ok", frame: 0 });
    }
  }

  // What simulators feel.

  attached(device: string): boolean {
    return !this.#unplugged.has(device);
  }

  finger(device: string): Finger | null {
    return this.#fingers.get(device) ?? null;
  }

  async picture(device: string, width: number, height: number): Promise<Uint8Array> {
    const camera = this.#camera(device);
    if (camera.fault !== "frozen") camera.frame += 1;
    return this.#draw(camera.scene, width, height, camera.frame);
  }

  energise(lock: string, compartment: number, ms: number): void {
    this.#locker.energise(lock, compartment, ms);
  }

  latch(lock: string, compartment: number): "locked" | "open" {
    return this.#locker.latch(lock, compartment);
  }

  doorOf(lock: string, compartment: number): "closed" | "ajar" | "open" {
    return this.#locker.doorOf(lock, compartment);
  }

  itemSensed(lock: string, compartment: number): boolean {
    return this.#locker.itemSensed(lock, compartment);
  }

  dispenser(device: string): DispenserWorld {
    return this.cards.world(device);
  }

  level(chip: string, offset: number): 0 | 1 {
    return this.#coils.level({ chip, offset }) ?? this.#lines.level(chip, offset);
  }

  drive(chip: string, offset: number, level: 0 | 1): void {
    const coil = this.#coils.drive({ chip, offset }, level);
    if (coil === "same") return;
    if (coil) {
      this.note(coil.lock, coil.energised ? "coil driven" : "coil at rest", { chip, offset });
      return;
    }
    const role = this.#lines.drive(chip, offset, level);
    if (role) this.note(role, `driven ${level ? "high" : "low"}`);
  }

  printer = (device: string): PrinterWorld => this.papers.world(device);
  rail = () => this.surroundings.rail();
  gravity = () => this.surroundings.gravity();
  climate = (): Climate => this.surroundings.climate();

  onChange(listener: (what: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // What people do.

  placeFinger(
    device: string,
    person: string,
    position: number,
    condition: Finger["condition"] = "normal",
  ): void {
    if (!this.#fingers.has(device)) throw new Impossible("noSuchSensor");
    const seed = this.#person(person).fingers.get(position);
    if (!seed) throw new Impossible("noSuchFinger");
    this.#fingers.set(device, { person, position, seed, condition });
    this.note(device, "finger placed", { person, position, condition });
  }

  liftFinger(device: string): void {
    if (!this.#fingers.get(device)) return;
    this.#fingers.set(device, null);
    this.note(device, "finger lifted");
  }

  show(camera: string, scene: Scene): void {
    const it = this.#camera(camera);
    if ("person" in scene) this.#person(scene.person);
    if ("other" in scene) this.#person(scene.other);
    it.scene = scene;
    this.note(camera, `sees ${scene.kind}`);
  }

  setCameraFault(camera: string, fault: CameraFault): void {
    this.#camera(camera).fault = fault;
    this.note(camera, `camera: ${fault}`);
  }

  cameraFault(camera: string): CameraFault {
    return this.#camera(camera).fault;
  }

  openDoor(slot: string, force = false): void {
    this.#locker.openDoor(slot, force);
  }

  closeDoor(slot: string): void {
    this.#locker.closeDoor(slot);
  }

  putItem(slot: string, code: string): Item {
    return this.#locker.putItem(slot, code);
  }

  takeItem(slot: string): Item {
    return this.#locker.takeItem(slot);
  }

  setItemSensor(slot: string, sensor: Compartment["sensor"]): void {
    this.#locker.setSensor(slot, sensor);
  }

  setJammed(slot: string, jammed: boolean): void {
    this.#locker.setJammed(slot, jammed);
  }

  setInput(role: string, active: boolean): void {
    this.#lines.setInput(role, active, this.attached(role));
    this.note(role, active ? "active" : "inactive");
  }

  setClimate = (climate: Partial<Climate>): void => this.surroundings.setClimate(climate);

  unplug(device: string): void {
    this.#device(device);
    if (this.#unplugged.has(device)) return;
    this.#unplugged.add(device);
    this.#lines.setAttached(device, false);
    this.note(device, "unplugged");
  }

  replug(device: string): void {
    this.#device(device);
    if (!this.#unplugged.delete(device)) return;
    this.#lines.setAttached(device, true);
    this.note(device, "plugged in");
  }

  // What the judge knows.

  /** How often each slot's coil was energised, since the bench's data began. */
  motions(): Record<string, number> {
    return this.#locker.motions();
  }

  /** Every thing that was ever laid into a slot or magazine, where it is and where it has been. */
  ledgerOfItems(): Item[] {
    return this.#items.all();
  }

  state(): PlantState {
    return {
      seq: this.#seq,
      unplugged: [...this.#unplugged],
      fingers: Object.fromEntries(
        [...this.#fingers].map(([role, it]) => [
          role,
          it && { person: it.person, position: it.position, condition: it.condition },
        ]),
      ),
      cameras: Object.fromEntries(
        [...this.#cameras].map(([role, { scene, fault }]) => [role, { scene, fault }]),
      ),
      compartments: this.#locker.compartments(),
      dispensers: this.cards.views(),
      items: this.#items.all(),
      inputs: this.#lines.inputs(),
      lamps: this.#lines.lamps(),
      climate: this.climate(),
      power: this.surroundings.power(),
      stand: this.surroundings.stand(),
      papers: this.papers.views(),
    };
  }

  /** The last events after `seq`, oldest first. */
  events(after = 0): PlantEvent[] {
    return this.#events.filter(({ seq }) => seq > after);
  }

  onEvent(listener: (event: PlantEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Writes something into the log of what the hardware feels, and tells everybody. Returns its sequence number. */
  note(about: string, what: string, more?: Record<string, unknown>): number {
    this.#seq += 1;
    const event: PlantEvent = { seq: this.#seq, at: this.#now(), about, what, ...(more ? { more } : {}) };
    this.#events.push(event);
    if (this.#events.length > KEPT_EVENTS) this.#events = this.#events.slice(-KEPT_EVENTS);
    for (const listener of [...this.#eventListeners]) listener(event);
    for (const listener of [...this.#listeners]) listener(about);
    return this.#seq;
  }

  snapshot(): PlantSnapshot {
    return {
      compartments: this.#locker.compartments(),
      dispensers: this.cards.views(),
      items: this.#items.all(),
      inputs: this.#lines.inputs(),
      climate: this.climate(),
    };
  }

  restore(snapshot: PlantSnapshot): void {
    this.#items.restore(snapshot.items);
    this.#locker.restore(snapshot.compartments);
    this.cards.restore(snapshot.dispensers ?? []);
    const known = this.#lines.inputs();
    for (const [role, active] of Object.entries(snapshot.inputs)) {
      if (role in known) this.#lines.setInput(role, active, this.attached(role));
    }
    this.surroundings.restore(snapshot.climate);
  }

  #person(id: string): Person {
    const person = this.people.find((row) => row.id === id);
    if (!person) throw new Impossible("noSuchPerson");
    return person;
  }

  #camera(role: string): { scene: Scene; fault: CameraFault; frame: number } {
    const camera = this.#cameras.get(role);
    if (!camera) throw new Impossible("noSuchCamera");
    return camera;
  }

  #device(role: string): void {
    if (!this.config.devices.some((device) => device.role === role)) throw new Impossible("noSuchDevice");
  }
}
