import type { ChipSimulator, SimulatedPart, World } from "../../bench/bus/chip.ts";
import type { Clock } from "../../kit/index.ts";

/** INA226 of Texas Instruments as SBOS547A has it: a pointer, words with the high byte first, computed current and power. */
const AVERAGES = [1, 4, 16, 64, 128, 256, 512, 1024];
const CONVERSION_US = [140, 204, 332, 588, 1_100, 2_116, 4_156, 8_244];
const POWER_ON: readonly (readonly [register: number, word: number])[] = [
  [0x00, 0x4127],
  [0xfe, 0x5449],
  [0xff, 0x2260],
];
const whole = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, Math.round(value)));

export class Ina226 implements SimulatedPart {
  readonly #rail: World["rail"];
  readonly #clock: Pick<Clock, "mono">;
  readonly #ohms: number;
  readonly #words = new Map<number, number>();
  #pointer = 0;
  /** When the conversion that runs will be over. */
  #readyAt: number | undefined;

  constructor(rail: World["rail"], clock: Pick<Clock, "mono">, ohms: number) {
    this.#rail = rail;
    this.#clock = clock;
    this.#ohms = ohms;
    this.powerCycle();
  }

  powerCycle(): void {
    this.#words.clear();
    for (const [register, word] of POWER_ON) this.#words.set(register, word);
    this.#pointer = 0;
    this.#convert();
  }

  write(bytes: Uint8Array): void {
    const [pointer, high, low] = bytes;
    if (pointer === undefined) return;
    this.#pointer = pointer;
    if (high === undefined || low === undefined) return;
    const word = (high << 8) | low;
    if (pointer === 0x00 && word & 0x8000) return this.powerCycle();
    // What is measured and who made it can only be read.
    if (![0x00, 0x05, 0x06, 0x07].includes(pointer)) return;
    this.#words.set(pointer, pointer === 0x05 ? word & 0x7fff : word);
    if (pointer === 0x00) this.#convert();
  }

  read(length: number): Uint8Array {
    this.#finish();
    const word = this.#get(this.#pointer);
    // Looking at the mask register clears its ready flag (§7.6.7).
    if (this.#pointer === 0x06) this.#words.set(0x06, word & ~0x0008);
    return Uint8Array.from({ length }, (_, i) => (i % 2 === 0 ? (word >> 8) & 0xff : word & 0xff));
  }

  #get = (register: number): number => this.#words.get(register) ?? 0;

  #convert(): void {
    const settings = this.#get(0x00);
    const mode = settings & 7;
    this.#words.set(0x06, this.#get(0x06) & ~0x0008);
    if ((mode & 3) === 0) {
      this.#readyAt = undefined;
      return;
    }
    const times =
      (mode & 1 ? (CONVERSION_US[(settings >> 3) & 7] ?? 0) : 0) +
      (mode & 2 ? (CONVERSION_US[(settings >> 6) & 7] ?? 0) : 0);
    this.#readyAt = this.#clock.mono() + ((AVERAGES[(settings >> 9) & 7] ?? 1) * times) / 1_000;
  }

  #finish(): void {
    if (this.#readyAt === undefined || this.#clock.mono() < this.#readyAt) return;
    const mode = this.#get(0x00) & 7;
    const { volts, amps } = this.#rail();
    if (mode & 1) this.#words.set(0x01, whole((amps * this.#ohms) / 0.0000025, -32_768, 32_767) & 0xffff);
    if (mode & 2) this.#words.set(0x02, whole(volts / 0.00125, 0, 32_767));
    const shunt = (this.#get(0x01) << 16) >> 16;
    const current = Math.trunc((shunt * this.#get(0x05)) / 2_048);
    this.#words.set(0x04, current & 0xffff);
    this.#words.set(0x03, Math.trunc((Math.abs(current) * this.#get(0x02)) / 20_000) & 0xffff);
    const overflow = Math.abs(current) > 32_767 ? 0x0004 : 0;
    this.#words.set(0x06, (this.#get(0x06) & ~0x0004) | 0x0008 | overflow);
    // Continuous modes go on, others wait for the next command.
    this.#readyAt = undefined;
    if ((mode & 4) === 0) return;
    this.#convert();
    this.#words.set(0x06, this.#get(0x06) | 0x0008);
  }
}

export const simulator: ChipSimulator = {
  create: ([wired], world, clock) =>
    new Ina226(() => world.rail(), clock, Number(wired?.shuntMicroOhm) / 1e6),
};
