import type { ChipSimulator, SimulatedPart, World } from "../../bench/bus/chip.ts";
import type { Clock } from "../../kit/index.ts";

/** LIS3DH of ST as its datasheet has it (DocID17530): a register file whose pointer counts up when bit 7 is set. */
const RATE_HZ = [0, 1, 10, 25, 50, 100, 200, 400];
const [CTRL1, CTRL4, CTRL5, STATUS, OUT] = [0x20, 0x23, 0x24, 0x27, 0x28];
/** By full scale of 2, 4, 8, 16 g, g for one step of 16 bits (table 4: 1, 2, 4, 12 mg for one of 12). */
const STEP = [1 / 16_000, 1 / 8_000, 1 / 4_000, 12 / 16_000];

export class Lis3dh implements SimulatedPart {
  readonly #gravity: World["gravity"];
  readonly #clock: Pick<Clock, "mono">;
  readonly #registers = new Uint8Array(0x40);
  #pointer = 0;
  #countsUp = false;
  #sampledAt = 0;

  constructor(gravity: World["gravity"], clock: Pick<Clock, "mono">) {
    this.#gravity = gravity;
    this.#clock = clock;
    this.powerCycle();
  }

  powerCycle(): void {
    this.#registers.fill(0);
    this.#registers[0x0f] = 0x33;
    // In power-down, with its axes on.
    this.#registers[CTRL1] = 0x07;
  }

  write(bytes: Uint8Array): void {
    const [pointer, ...values] = bytes;
    if (pointer === undefined) return;
    this.#pointer = pointer & 0x3f;
    this.#countsUp = (pointer & 0x80) !== 0;
    for (const value of values) {
      this.#sample();
      const writable =
        this.#pointer >= 0x1e && this.#pointer !== STATUS && (this.#pointer < OUT || this.#pointer > 0x2d);
      if (writable) this.#registers[this.#pointer] = value;
      if (this.#pointer === CTRL5 && value & 0x80) this.powerCycle();
      if (this.#pointer === CTRL1) this.#sampledAt = this.#clock.mono();
      this.#step();
    }
  }

  read(length: number): Uint8Array {
    this.#sample();
    return Uint8Array.from({ length }, () => {
      const value = this.#registers[this.#pointer] ?? 0;
      // The flags fall when the last high byte has been looked at.
      if (this.#pointer === 0x2d) this.#registers[STATUS] = 0;
      this.#step();
      return value;
    });
  }

  #step(): void {
    if (this.#countsUp) this.#pointer = (this.#pointer + 1) & 0x3f;
  }

  #sample(): void {
    const control = this.#registers[CTRL1] ?? 0;
    const rate = RATE_HZ[control >> 4] ?? 0;
    const now = this.#clock.mono();
    if (rate === 0 || now - this.#sampledAt < 1_000 / rate) return;
    this.#sampledAt = now;
    const scale = STEP[((this.#registers[CTRL4] ?? 0) >> 4) & 3] ?? 1;
    const keep = (this.#registers[CTRL4] ?? 0) & 0x08 ? 0xfff0 : control & 0x08 ? 0xff00 : 0xffc0;
    const { x, y, z } = this.#gravity();
    [x, y, z].forEach((g, axis) => {
      const raw = Math.max(-32_768, Math.min(32_767, Math.round(g / scale))) & keep;
      const on = (control >> axis) & 1;
      this.#registers[OUT + 2 * axis] = on ? raw & 0xff : 0;
      this.#registers[OUT + 2 * axis + 1] = on ? (raw >> 8) & 0xff : 0;
    });
    this.#registers[STATUS] = 0x0f;
  }
}

export const simulator: ChipSimulator = {
  create: (_wired, world, clock) => new Lis3dh(() => world.gravity(), clock),
};
