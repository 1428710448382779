import type { DispenserWorld } from "../world.ts";
import type { Request } from "./codec.ts";
import { says } from "./codec.ts";
import type { Deed, Model } from "./models.ts";

/** How long the unit is about something, from its acknowledgement to its answer, ms. */
export const TIMINGS = { quick: 5, init: 2_000, feed: 1_500, present: 800, retract: 1_500, rf: 60 };

/** What a unit is about: it moves, if at all, half-way through its time, and answers at the end of it. */
export interface Work {
  ms: number;
  /** Does it; nothing of it happened before. */
  act(): void;
  /** The answer, of what was done. */
  answer(): Buffer;
}

const ASCII = { none: "0", gate: "1", reader: "2" } as const;
const STOCK = { empty: "0", few: "1", enough: "2" } as const;

/** The unit's processor. */
export class Unit {
  readonly #model: Model;
  readonly #world: DispenserWorld;
  #initialised = false;

  constructor(model: Model, world: DispenserWorld) {
    this.#model = model;
    this.#world = world;
  }

  powerCycle(): void {
    this.#initialised = false;
    this.#world.openEntry(false);
  }

  /** Takes back what is at the gate by its own timer. */
  retractByItself(): void {
    this.#turn("retract");
  }

  /** What a request comes to. */
  work(request: Request): Work {
    const { command, parameter } = request;
    const no = (error: string): Work => this.#work(TIMINGS.quick, () => says(request, false, error));
    const yes = (data?: Uint8Array): Work =>
      this.#work(TIMINGS.quick, () => says(request, true, this.#status(), data));
    if (command === 0x30) return this.#initialise(request);
    if (!this.#initialised) return no("B0");
    switch (command) {
      case 0x31:
        return parameter === 0x31 ? yes(this.#sensors()) : parameter === 0x30 ? yes() : no("00");
      case 0x32:
        return this.#deed(request, this.#model.move[parameter]) ?? no("00");
      case 0x33:
        return this.#deed(request, this.#model.entry[parameter]) ?? no("00");
      case 0x60:
        if (parameter === 0x31) return yes();
        return parameter === 0x30 ? this.#activate(request) : no("00");
      case 0xa2:
        return yes(
          Buffer.from(String.fromCharCode(this.#model.serial.length) + this.#model.serial, "latin1"),
        );
      case 0xa3:
        return yes(Buffer.from(this.#model.configuration, "latin1"));
      case 0xa4:
        return yes(Buffer.from(this.#model.version, "latin1"));
      case 0xa5:
        return this.#bin(request) ?? no("01");
      default:
        return no("00");
    }
  }

  #work(ms: number, answer: () => Buffer, act: () => void = () => undefined): Work {
    return { ms, act, answer };
  }

  #status(): string {
    const { tellsBin } = this.#model;
    return (
      ASCII[this.#world.path()] + STOCK[this.#world.stock()] + (tellsBin && this.#world.binFull() ? "1" : "0")
    );
  }

  /** 17 characters; the last one is the bin on models that do not tell it otherwise. */
  #sensors(): Buffer {
    const path = this.#world.path();
    const sensors = Buffer.alloc(17, "0");
    if (path === "gate") sensors.write("11", 0);
    if (path === "reader") sensors.write("11", 3);
    if (this.#world.binFull()) sensors.write("1", 16);
    return sensors;
  }

  #initialise(request: Request): Work {
    const motor = { 48: "present", 49: "retract", 52: "present", 53: "retract" }[request.parameter] as
      | "present"
      | "retract"
      | undefined;
    if (!motor && request.parameter !== 0x33 && request.parameter !== 0x37)
      return this.#work(TIMINGS.quick, () => says(request, false, "01"));
    return this.#work(
      TIMINGS.init,
      () => says(request, true, this.#status(), Buffer.from(this.#model.initText, "latin1")),
      () => {
        this.#initialised = true;
        this.#world.openEntry(false);
        if (motor && this.#world.path() !== "none") this.#turn(motor);
      },
    );
  }

  #deed(request: Request, deed: Deed | undefined): Work | undefined {
    if (!deed) return undefined;
    let error: string | undefined;
    const answer = () => (error ? says(request, false, error) : says(request, true, this.#status()));
    if (deed === "nothing") return this.#work(TIMINGS.quick, answer);
    if (deed === "enable" || deed === "disable")
      return this.#work(TIMINGS.quick, answer, () => this.#world.openEntry(deed === "enable"));
    const motor = deed === "inside" ? "feed" : deed.turn;
    return this.#work(TIMINGS[motor === "eject" ? "present" : motor], answer, () => {
      error = this.#turn(motor);
    });
  }

  /** @returns the error characters of a motion that failed */
  #turn(motor: "feed" | "present" | "retract" | "eject"): string | undefined {
    const path = this.#world.path();
    if (motor === "feed" && path === "none" && this.#world.stock() === "empty") return "A0";
    if (motor === "retract" && this.#world.binFull()) return "A1";
    if (motor !== "feed" && path === "none") return "02";
    if (motor === "feed" && path === "reader") return undefined;
    if (motor === "retract" && this.#world.counter() >= 999) return "50";
    const came = this.#world.turn(motor);
    if (came === "jammed") return "10";
    if (motor === "retract" && came === "moved") this.#world.setCounter(this.#world.counter() + 1);
    return came === "idle" ? "02" : undefined;
  }

  /** A chip of type A: Rtype, ATQA, length of the UID, UID, SAK. Two chips at once answer into each other. */
  #activate(request: Request): Work {
    return this.#work(TIMINGS.rf, () => {
      const chips = this.#world.chips();
      const [uid] = chips;
      if (chips.length > 1) return says(request, false, "64");
      if (uid === undefined) return says(request, false, "63");
      const bytes = Buffer.from(uid, "hex");
      const data = Buffer.concat([Buffer.from([0x4d, 0x00, 0x04, bytes.length]), bytes, Buffer.from([0x08])]);
      return says(request, true, this.#status(), data);
    });
  }

  #bin(request: Request): Work | undefined {
    const told = () => Buffer.from(String(this.#world.counter()).padStart(3, "0"), "latin1");
    if (request.parameter === 0x30)
      return this.#work(TIMINGS.quick, () => says(request, true, this.#status(), told()));
    const digits = request.data.toString("latin1");
    if (request.parameter !== 0x31 || !/^[0-9]{3}$/.test(digits)) return undefined;
    return this.#work(
      TIMINGS.quick,
      () => says(request, true, this.#status()),
      () => {
        this.#world.setCounter(Number(digits));
      },
    );
  }
}
