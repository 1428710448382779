import type { ChipSimulator, SimulatedPart } from "../../bench/bus/chip.ts";

/**
 * BME280 as registers (Bosch BST-BME280-DS001 rev 1.23). The raw values are found by searching for the one that the
 * datasheet's floating-point formulas of §8.1 turn into the plant's climate.
 */
const CALIBRATION_88 = [
  0x70, 0x6b, 0x43, 0x67, 0x18, 0xfc, 0x7d, 0x8e, 0x43, 0xd6, 0xd0, 0x0b, 0x27, 0x0b, 0x8c, 0x00, 0xf9, 0xff,
  0x8c, 0x3c, 0xf8, 0xc6, 0x70, 0x17,
];
const CALIBRATION_A1 = 0x4b;
const CALIBRATION_E1 = [0x6a, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1e];

const ID = 0xd0;
const RESET = 0xe0;
const CTRL_HUM = 0xf2;
const STATUS = 0xf3;
const CTRL_MEAS = 0xf4;
const CONFIG = 0xf5;
const DATA = 0xf7;

const word = (i: number) => (CALIBRATION_88[i] ?? 0) | ((CALIBRATION_88[i + 1] ?? 0) << 8);
const signed = (i: number) => (word(i) << 16) >> 16;
const T1 = word(0);
const T2 = signed(2);
const T3 = signed(4);
const P = [word(6), ...[8, 10, 12, 14, 16, 18, 20, 22].map(signed)] as const;
const [E1 = 0, E2 = 0, E3 = 0, E4 = 0, E5 = 0, E6 = 0, E7 = 0] = CALIBRATION_E1;
const H2 = ((E1 | (E2 << 8)) << 16) >> 16;
const H4 = ((E4 << 24) >> 20) | (E5 & 0xf);
const H5 = ((E6 << 24) >> 20) | (E5 >> 4);
const H6 = (E7 << 24) >> 24;

const fineOf = (raw: number) => (raw / 16_384 - T1 / 1_024) * T2 + (raw / 131_072 - T1 / 8_192) ** 2 * T3;

export const temperatureOf = (raw: number): number => fineOf(raw) / 5_120;

export function pressureOf(raw: number, fine: number): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const a = fine / 2 - 64_000;
  const b = ((a * a * p6) / 32_768 + a * p5 * 2) / 4 + p4 * 65_536;
  const scale = (1 + ((p3 * a * a) / 524_288 + p2 * a) / 524_288 / 32_768) * p1;
  const p = ((1_048_576 - raw - b / 4_096) * 6_250) / scale;
  return p + ((p9 * p * p) / 2_147_483_648 + (p * p8) / 32_768 + p7) / 16;
}

export function humidityOf(raw: number, fine: number): number {
  const t = fine - 76_800;
  const h =
    (raw - (H4 * 64 + (H5 / 16_384) * t)) *
    ((H2 / 65_536) * (1 + (H6 / 67_108_864) * t * (1 + (E3 / 67_108_864) * t)));
  return h * (1 - (CALIBRATION_A1 * h) / 524_288);
}

/** The integer in [0, max] for which the monotonic `f` comes nearest to `wanted` from the one side. */
function search(wanted: number, max: number, f: (raw: number) => number): number {
  const rising = f(max) > f(0);
  let low = 0;
  let high = max;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (f(middle) < wanted === rising) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Climate {
  temperatureCel: number;
  humidityPercent: number;
  pressurePa: number;
}

/** One BME280 on a bus: a register file with a pointer, as I2C sees it. */
export class Bme280 implements SimulatedPart {
  readonly #climate: () => Climate;
  readonly #registers = new Uint8Array(256);
  #pointer = 0;

  constructor(climate: () => Climate) {
    this.#climate = climate;
    this.powerCycle();
  }

  powerCycle(): void {
    this.#registers.fill(0);
    this.#registers.set(CALIBRATION_88, 0x88);
    this.#registers[0xa1] = CALIBRATION_A1;
    this.#registers.set(CALIBRATION_E1, 0xe1);
    this.#registers[ID] = 0x60;
    this.#store(0x80000, 0x80000, 0x8000);
  }

  /** Register pointer, then pairs of value and further register, as §6.2.1 has it. */
  write(bytes: Uint8Array): void {
    this.#pointer = bytes[0] ?? this.#pointer;
    let register = this.#pointer;
    for (let i = 1; i < bytes.length; i += 2) {
      this.#set(register, bytes[i] ?? 0);
      register = bytes[i + 1] ?? register;
    }
  }

  read(length: number): Uint8Array {
    // Normal mode measures all the time.
    if (((this.#registers[CTRL_MEAS] ?? 0) & 0b11) === 0b11) this.#measure();
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += 1) bytes[i] = this.#registers[(this.#pointer + i) & 0xff] ?? 0;
    this.#pointer = (this.#pointer + length) & 0xff;
    // A forced measurement is over when the host has looked, whatever time that took.
    this.#registers[STATUS] = 0;
    return bytes;
  }

  #set(register: number, value: number): void {
    if (register === RESET && value === 0xb6) return this.powerCycle();
    if (register !== CTRL_HUM && register !== CTRL_MEAS && register !== CONFIG) return;
    this.#registers[register] = value;
    if (register === CTRL_MEAS && (value & 0b11) !== 0) {
      this.#measure();
      this.#registers[STATUS] = 0b1000;
      // Forced mode falls back to sleep (§3.3.3).
      if ((value & 0b11) !== 0b11) this.#registers[CTRL_MEAS] = value & 0xfc;
    }
  }

  #measure(): void {
    const climate = this.#climate();
    const control = this.#registers[CTRL_MEAS] ?? 0;
    const t = search(climate.temperatureCel, 0xf_ffff, temperatureOf);
    const fine = fineOf(t);
    const p = search(climate.pressurePa, 0xf_ffff, (raw) => pressureOf(raw, fine));
    const h = search(climate.humidityPercent, 0xffff, (raw) => humidityOf(raw, fine));
    this.#store(
      (control >> 2) & 7 ? p : 0x80000,
      control >> 5 ? t : 0x80000,
      (this.#registers[CTRL_HUM] ?? 0) & 7 ? h : 0x8000,
    );
  }

  #store(p: number, t: number, h: number): void {
    this.#registers.set(
      [
        p >> 12,
        (p >> 4) & 0xff,
        (p << 4) & 0xf0,
        t >> 12,
        (t >> 4) & 0xff,
        (t << 4) & 0xf0,
        h >> 8,
        h & 0xff,
      ],
      DATA,
    );
  }
}

export const simulator: ChipSimulator = {
  create: (_wired, world) => new Bme280(() => world.climate()),
};
