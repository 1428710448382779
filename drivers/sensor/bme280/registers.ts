/**
 * Registers and compensation of the Bosch BME280 (BST-BME280-DS001 rev 1.23, §4.2 and §5). Pure.
 */
export const REGISTER = {
  id: 0xd0,
  controlHumidity: 0xf2,
  status: 0xf3,
  control: 0xf4,
  data: 0xf7,
  calibration1: 0x88,
  humidity1: 0xa1,
  calibration2: 0xe1,
} as const;
export const CHIP_ID = 0x60;
/** Forced mode, every oversampling 1: one measurement, then sleep (§5.4.5). */
export const FORCED = 0b001_001_01;
/** Longest time of such a measurement, ms (§9.1, rounded up). */
export const MEASURE_MS = 12;

export interface Calibration {
  t: [number, number, number];
  p: [number, number, number, number, number, number, number, number, number];
  h: [number, number, number, number, number, number];
}

/** @param a 24 bytes from 0x88; @param h1 byte at 0xA1; @param b 7 bytes from 0xE1 (table 16) */
export function readCalibration(a: Uint8Array, h1: number, b: Uint8Array): Calibration {
  const view = new DataView(a.buffer, a.byteOffset, a.byteLength);
  const s16 = (at: number) => view.getInt16(at, true);
  const signed = (byte: number) => (byte << 24) >> 24;
  const [e1 = 0, e2 = 0, e3 = 0, e4 = 0, e5 = 0, e6 = 0, e7 = 0] = b;
  return {
    t: [view.getUint16(0, true), s16(2), s16(4)],
    p: [view.getUint16(6, true), s16(8), s16(10), s16(12), s16(14), s16(16), s16(18), s16(20), s16(22)],
    h: [
      h1,
      ((e1 | (e2 << 8)) << 16) >> 16,
      e3,
      (signed(e4) << 4) | (e5 & 0x0f),
      (signed(e6) << 4) | (e5 >> 4),
      signed(e7),
    ],
  };
}

export interface Climate {
  /** °C. */
  temperature: number | undefined;
  /** Pa. */
  pressure: number | undefined;
  /** % relative. */
  humidity: number | undefined;
}

/** Values that stand for "not measured" (§5.4.6 to §5.4.8). */
const NO_20_BIT = 0x80000;
const NO_16_BIT = 0x8000;

/** The double-precision compensation of §8.1 over the 8 bytes from 0xF7; undefined where nothing was measured. */
export function compensate(cal: Calibration, data: Uint8Array): Climate {
  const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0, h0 = 0, h1 = 0] = data;
  const rawP = (p0 << 12) | (p1 << 4) | (p2 >> 4);
  const rawT = (t0 << 12) | (t1 << 4) | (t2 >> 4);
  const rawH = (h0 << 8) | h1;
  if (rawT === NO_20_BIT) return { temperature: undefined, pressure: undefined, humidity: undefined };
  const [T1, T2, T3] = cal.t;
  const tFine = (rawT / 16384 - T1 / 1024) * T2 + (rawT / 131072 - T1 / 8192) ** 2 * T3;
  return {
    temperature: tFine / 5120,
    pressure: rawP === NO_20_BIT ? undefined : pressureOf(cal, rawP, tFine),
    humidity: rawH === NO_16_BIT ? undefined : humidityOf(cal, rawH, tFine),
  };
}

function pressureOf({ p }: Calibration, raw: number, tFine: number): number | undefined {
  const [P1, P2, P3, P4, P5, P6, P7, P8, P9] = p;
  let var1 = tFine / 2 - 64000;
  let var2 = (var1 * var1 * P6) / 32768 + var1 * P5 * 2;
  var2 = var2 / 4 + P4 * 65536;
  var1 = ((P3 * var1 * var1) / 524288 + P2 * var1) / 524288;
  var1 = (1 + var1 / 32768) * P1;
  if (var1 === 0) return undefined;
  const pressure = ((1048576 - raw - var2 / 4096) * 6250) / var1;
  return pressure + ((P9 * pressure * pressure) / 2147483648 + (pressure * P8) / 32768 + P7) / 16;
}

function humidityOf({ h }: Calibration, raw: number, tFine: number): number {
  const [H1, H2, H3, H4, H5, H6] = h;
  const x = tFine - 76800;
  const humidity =
    (raw - (H4 * 64 + (H5 / 16384) * x)) *
    ((H2 / 65536) * (1 + (H6 / 67108864) * x * (1 + (H3 / 67108864) * x)));
  return Math.min(100, Math.max(0, humidity * (1 - (H1 * humidity) / 524288)));
}
