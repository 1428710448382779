import { deviceFault } from "../../contract/index.ts";
import { type Clock, defer, type Fault, isFault } from "../../kit/index.ts";
import type { I2cConnection, I2cFactory } from "../../ports/index.ts";

/** How often all pins are read: a change of the contacts is seen within this and the debounce time, ms. */
const POLL_MS = 25;
/** So many reads in a row may fail before everybody is told that the part is gone. */
const PATIENCE = 3;

/**
 * Registers of the Microchip MCP23017 (DS20001952C §3.5) with IOCON.BANK clear, which is how it comes up. In the other
 * arrangement IOCON stands at 0x05.
 */
const REGISTERS = 22;
const IOCON_OF_OTHER_BANK = 0x05;
const GPIO = 0x12;
/** Inputs, not inverted, no interrupts, pointer counts up, every pull-up on: register and what must stand in it. */
const SET_UP: readonly (readonly [register: number, value: number])[] = [
  [0x0a, 0x00],
  [0x00, 0xff],
  [0x01, 0xff],
  [0x02, 0x00],
  [0x03, 0x00],
  [0x04, 0x00],
  [0x05, 0x00],
  [0x0c, 0xff],
  [0x0d, 0xff],
];

interface Open {
  bus: I2cConnection;
  stop: AbortController;
  lost: ReturnType<typeof defer<Fault>>;
  polling: Promise<void>;
  users: number;
}

/** What one pin's session holds of the part. */
export interface Hold {
  /** Level of a pin, read now. Rejects with a Fault. */
  level(pin: number): Promise<0 | 1>;
  /** Resolves when the part is gone. */
  lost: Promise<Fault>;
  release(): Promise<void>;
}

/**
 * One MCP23017, shared by the devices on its pins: set up by the first, polled while anybody holds it. All of its settings
 * are read along with its pins, in one transfer: a part that has lost its power since has floating inputs, which would
 * read like contacts.
 */
export class Expander {
  readonly #connect: () => Promise<I2cConnection>;
  readonly #address: number;
  readonly #clock: Clock;
  readonly #listeners = new Set<(levels: number) => void>();
  #open: Promise<Open> | undefined;

  constructor(i2c: I2cFactory, bus: number, address: number, clock: Clock) {
    this.#connect = () => i2c(bus);
    this.#address = address;
    this.#clock = clock;
  }

  /** Rejects with a Fault when the part does not answer as it must. */
  async hold(onLevels: (levels: number) => void): Promise<Hold> {
    this.#open ??= this.#start();
    const opening = this.#open;
    const open = await opening.catch((error) => {
      if (this.#open === opening) this.#open = undefined;
      throw error;
    });
    open.users++;
    this.#listeners.add(onLevels);
    let held = true;
    return {
      level: async (pin) => (((await this.#read(open.bus)) >> pin) & 1 ? 1 : 0),
      lost: open.lost.promise,
      release: async () => {
        if (!held) return;
        held = false;
        this.#listeners.delete(onLevels);
        open.users--;
        if (open.users === 0) await this.#end(open, opening);
      },
    };
  }

  async #start(): Promise<Open> {
    const bus = await this.#connect();
    try {
      await this.#setUp(bus);
      await this.#read(bus);
    } catch (error) {
      await bus.close();
      throw error;
    }
    const open: Open = {
      bus,
      stop: new AbortController(),
      lost: defer<Fault>(),
      polling: Promise.resolve(),
      users: 0,
    };
    open.polling = this.#poll(open);
    return open;
  }

  async #end(open: Open, opening: Promise<Open>): Promise<void> {
    if (this.#open === opening) this.#open = undefined;
    open.stop.abort();
    await open.polling;
    await open.bus.close();
  }

  async #setUp(bus: I2cConnection): Promise<void> {
    await bus.writeByte(this.#address, IOCON_OF_OTHER_BANK, 0x00);
    for (const [register, value] of SET_UP) await bus.writeByte(this.#address, register, value);
  }

  /** All levels, bit 0 is pin 0. A part that is not set up any more is set up once; then it must be. */
  async #read(bus: I2cConnection): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const bytes = await bus.readBlock(this.#address, 0x00, REGISTERS);
      if (SET_UP.every(([register, value]) => bytes[register] === value))
        return (bytes[GPIO] ?? 0) | ((bytes[GPIO + 1] ?? 0) << 8);
      if (attempt > 0) throw deviceFault("protocol", { reason: "settings" });
      await this.#setUp(bus);
    }
  }

  async #poll(open: Open): Promise<void> {
    let failed = 0;
    while (!open.stop.signal.aborted) {
      await this.#clock.sleep(POLL_MS, open.stop.signal);
      if (open.stop.signal.aborted) return;
      try {
        const levels = await this.#read(open.bus);
        failed = 0;
        for (const listener of [...this.#listeners]) listener(levels);
      } catch (error) {
        failed++;
        if (failed < PATIENCE) continue;
        // Whoever opens it next begins anew; those who hold it let go of it.
        this.#open = undefined;
        open.lost.resolve(isFault(error) ? error : deviceFault("fault", {}, error));
        return;
      }
    }
  }
}
