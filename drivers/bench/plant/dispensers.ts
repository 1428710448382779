import { type BenchConfig, devicesOf } from "../config.ts";
import type { DispenserWorld, Motor } from "../world.ts";
import type { Items } from "./items.ts";
import { Impossible } from "./locker.ts";
import type { DispenserView, Item, Jam } from "./state.ts";

/** A card: its label is the UID of its chip, of 4, 7 or 10 bytes. */
const CARD = /^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/;
/** Items from which on a stacker says that there are enough. */
const ENOUGH = 20;

type Say = (about: string, what: string, more?: Record<string, unknown>) => number;

/**
 * Every card dispenser: a magazine from which the lowest card goes first, a path with a reader and a gate, a locked bin,
 * and an entry. The plant counts each turn of a motor and follows each card itself.
 */
export class Dispensers {
  readonly #views = new Map<string, DispenserView>();
  readonly #items: Items;
  readonly #say: Say;

  constructor(config: BenchConfig, items: Items, say: Say) {
    this.#items = items;
    this.#say = say;
    for (const { role } of devicesOf(config, "dispenser.crt591")) {
      this.#views.set(role, {
        device: role,
        magazine: [],
        path: "none",
        inPath: [],
        bin: [],
        binCapacity: 100,
        counter: 0,
        entry: false,
        jam: null,
        doubleFeed: 0,
        stuck: false,
        motions: { feed: 0, present: 0, retract: 0, eject: 0, entry: 0 },
      });
    }
  }

  /** What the simulator of this device feels and turns. */
  world(device: string): DispenserWorld {
    const it = this.#view(device);
    return {
      stock: () => (it.magazine.length === 0 ? "empty" : it.magazine.length < ENOUGH ? "few" : "enough"),
      path: () => (it.stuck ? "reader" : it.path),
      binFull: () => it.bin.length >= it.binCapacity,
      chips: () =>
        it.stuck || it.path !== "reader" ? [] : it.inPath.map((id) => this.#items.get(id)?.code ?? ""),
      turn: (motor) => this.#turn(it, motor),
      counter: () => it.counter,
      setCounter: (count) => {
        it.counter = count;
      },
      openEntry: (open) => {
        if (it.entry === open) return;
        it.entry = open;
        if (open) it.motions.entry++;
        this.#say(device, open ? "entry opens" : "entry closes");
      },
    };
  }

  /** Staff lay cards onto those that are in the magazine: the first of them comes out first. */
  load(device: string, codes: readonly string[]): Item[] {
    const it = this.#view(device);
    if (!codes.every((code) => CARD.test(code))) throw new Impossible("notACard");
    return codes.map((code) => {
      const item = this.#items.inHand(code);
      it.magazine.push(item.id);
      this.#items.move(
        item,
        `${device}/magazine`,
        this.#say(device, "card laid into the magazine", { item: item.id }),
      );
      return item;
    });
  }

  /** Staff take every card out of magazine or bin. */
  empty(device: string, where: "magazine" | "bin"): Item[] {
    const taken = this.#view(device)[where].splice(0);
    return this.#out(taken, device, `taken out of the ${where}`);
  }

  /** A person takes what the gate holds. */
  take(device: string): Item[] {
    const it = this.#view(device);
    if (it.path !== "gate" || it.stuck) throw new Impossible("nothingAtGate");
    it.path = "none";
    return this.#out(it.inPath.splice(0), device, "card taken at the gate");
  }

  /** A person pushes a card in; an open entry pulls it to the reader. */
  insert(device: string, code: string): Item {
    const it = this.#view(device);
    if (!CARD.test(code)) throw new Impossible("notACard");
    if (!it.entry) throw new Impossible("entryClosed");
    if (it.path !== "none" || it.stuck) throw new Impossible("occupied");
    const item = this.#items.inHand(code);
    it.inPath = [item.id];
    it.path = "reader";
    it.entry = false;
    this.#items.move(item, `${device}/path`, this.#say(device, "card pushed in", { item: item.id }));
    return item;
  }

  /** A technician moves the next card by hand; no motor turns. */
  moveByHand(device: string, to: "magazine" | "reader" | "gate"): void {
    const it = this.#view(device);
    if (it.path === "none" && to !== "magazine") it.inPath = it.magazine.splice(0, 1);
    if (it.inPath.length === 0) return;
    it.path = to === "gate" ? "gate" : "reader";
    this.#place(it, to === "gate" ? "gate" : "path", "card moved by hand");
  }

  setJam(device: string, jam: Jam | null): void {
    this.#view(device).jam = jam;
    this.#say(device, jam ? `will jam: ${jam.motor} ${jam.where}` : "runs freely");
  }

  /** The next feed takes so many more cards along. */
  setDoubleFeed(device: string, cards: number): void {
    this.#view(device).doubleFeed = cards;
    this.#say(device, "cards stick together", { cards });
  }

  setBinCapacity(device: string, cards: number): void {
    this.#view(device).binCapacity = cards;
    this.#say(device, "bin capacity", { cards });
  }

  /** A technician frees the path by hand and holds what was in it. */
  free(device: string): Item[] {
    const it = this.#view(device);
    it.stuck = false;
    it.path = "none";
    return this.#out(it.inPath.splice(0), device, "freed by hand");
  }

  views(): DispenserView[] {
    return structuredClone([...this.#views.values()]);
  }

  restore(views: readonly DispenserView[]): void {
    for (const row of views) {
      const it = this.#views.get(row.device);
      if (it) Object.assign(it, structuredClone(row));
    }
  }

  #turn(it: DispenserView, motor: Motor): "moved" | "jammed" | "idle" {
    it.motions[motor]++;
    const jam = it.jam?.motor === motor && it.jam.after-- <= 0 ? it.jam : undefined;
    if (it.stuck || jam?.where === "start") {
      this.#say(it.device, `${motor}: motor turns, nothing moves`);
      return "jammed";
    }
    if (motor === "feed") {
      if (it.inPath.length > 0) return "idle";
      it.inPath = it.magazine.splice(0, 1 + it.doubleFeed);
      it.doubleFeed = 0;
    }
    if (it.inPath.length === 0) return "idle";
    if (jam) {
      it.stuck = true;
      it.path = "reader";
      this.#place(it, "path", `${motor}: card stuck half-way`);
      return "jammed";
    }
    switch (motor) {
      case "feed":
        it.path = "reader";
        this.#place(it, "path", "card fed to the reader");
        break;
      case "present":
        it.path = "gate";
        this.#place(it, "gate", "card held at the gate");
        break;
      case "retract":
        it.bin.push(...it.inPath);
        this.#place(it, "bin", "card drops into the bin");
        it.inPath = [];
        it.path = "none";
        break;
      case "eject":
        this.#out(it.inPath.splice(0), it.device, "card pushed out of the gate");
        it.path = "none";
        break;
    }
    return "moved";
  }

  #place(it: DispenserView, where: string, what: string): void {
    const seq = this.#say(it.device, what, { items: [...it.inPath] });
    for (const id of it.inPath) {
      const item = this.#items.get(id);
      if (item) this.#items.move(item, `${it.device}/${where}`, seq);
    }
  }

  #out(ids: readonly number[], device: string, what: string): Item[] {
    const seq = this.#say(device, what, { items: [...ids] });
    return ids.flatMap((id) => {
      const item = this.#items.get(id);
      if (!item) return [];
      this.#items.move(item, "out", seq);
      return [item];
    });
  }

  #view(device: string): DispenserView {
    const it = this.#views.get(device);
    if (!it) throw new Impossible("noSuchDispenser");
    return it;
  }
}
