import { type ChipSimulator, noAcknowledge, type SimulatedPart, type World } from "../../bench/bus/chip.ts";
import type { Clock } from "../../kit/index.ts";

/** SHT3x of Sensirion as its datasheet of March 2017 has it: commands of two bytes, words with a checksum. */
const TABLE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x80 ? 0x131 : 0);
  return crc;
});

/** Three bytes that stand for a word on the wire. */
export function wordOut(word: number): number[] {
  const [high, low] = [word >> 8, word & 0xff];
  return [high, low, TABLE[(TABLE[0xff ^ high] ?? 0) ^ low] ?? 0];
}

const scaled = (value: number, from: number, span: number): number =>
  Math.max(0, Math.min(0xffff, Math.round(((value - from) / span) * 0xffff)));

/** Longest times by repeatability, ms (table 4). */
const SINGLE_SHOT: Readonly<Record<number, number>> = { 9216: 15, 9227: 6, 9238: 4 };
const SERIAL = [0x0a1b, 0x2c3d];

export class Sht31 implements SimulatedPart {
  readonly #world: Pick<World, "climate">;
  readonly #clock: Pick<Clock, "mono">;
  #status = 0x8010;
  #answer: number[] = [];
  /** While it measures it does not acknowledge. */
  #busyUntil = 0;

  constructor(world: Pick<World, "climate">, clock: Pick<Clock, "mono">) {
    this.#world = world;
    this.#clock = clock;
  }

  powerCycle(): void {
    this.#status = 0x8010;
    this.#answer = [];
    this.#busyUntil = 0;
  }

  write(bytes: Uint8Array): void {
    if (this.#clock.mono() < this.#busyUntil) throw noAcknowledge();
    if (bytes.length < 2) return;
    const command = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    const measuring = SINGLE_SHOT[command];
    this.#answer = [];
    if (measuring !== undefined) {
      const { temperatureCel, humidityPercent } = this.#world.climate();
      // The heater warms the part by some degrees (§4.10).
      const warm = this.#status & 0x2000 ? 6 : 0;
      this.#answer = [
        ...wordOut(scaled(temperatureCel + warm, -45, 175)),
        ...wordOut(scaled(humidityPercent, 0, 100)),
      ];
      this.#busyUntil = this.#clock.mono() + measuring;
    } else if (command === 0x3780) this.#answer = SERIAL.flatMap(wordOut);
    else if (command === 0xf32d) this.#answer = wordOut(this.#status);
    else if (command === 0x3041) this.#status &= 0x2000;
    else if (command === 0x306d) this.#status |= 0x2000;
    else if (command === 0x3066) this.#status &= ~0x2000;
    else if (command === 0x30a2) {
      this.powerCycle();
      this.#busyUntil = this.#clock.mono() + 1;
    }
  }

  read(length: number): Uint8Array {
    if (this.#clock.mono() < this.#busyUntil || this.#answer.length === 0) throw noAcknowledge();
    const given = this.#answer;
    this.#answer = [];
    // Beyond its answer nobody drives the line.
    return Uint8Array.from({ length }, (_, i) => given[i] ?? 0xff);
  }
}

export const simulator: ChipSimulator = {
  create: (_wired, world, clock) => new Sht31(world, clock),
};
