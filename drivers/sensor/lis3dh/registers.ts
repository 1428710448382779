/** Registers of the ST LIS3DH (datasheet DocID17530 §8). Pure. */
export const REGISTER = { whoAmI: 0x0f, control1: 0x20, control4: 0x23, output: 0x28 } as const;
export const WHO_AM_I = 0x33;
/** Bit of the register number that lets it count up over a transfer (§6.1.1). */
export const COUNT_UP = 0x80;
/** 100 Hz, all axes. */
export const CONTROL1 = 0x57;
/** A sample is not changed while it is read, ±2 g, 12 bits. */
export const CONTROL4 = 0x88;
/** From the first control register to the last axis, in one transfer: settings, news, sample. */
export const BLOCK = { from: 0x20, length: 14, control1: 0, control4: 3, status: 7, sample: 8 } as const;
/** New data on all three axes. */
export const NEW_DATA = 1 << 3;
/** A sample of 100 Hz, with the tolerance of the part's clock, ms. */
export const SAMPLE_MS = 14;
/** From power-down until the filters have settled at this rate (table 17: 7 samples), ms. */
export const TURN_ON_MS = 80;

export interface Vector {
  x: number;
  y: number;
  z: number;
}

/** g of the six bytes of a sample: low byte first, 12 bits at the left, 1 mg each. */
export function sampleOf(bytes: Uint8Array): Vector {
  const axis = (at: number) => ((((bytes[at + 1] ?? 0) << 24) | ((bytes[at] ?? 0) << 16)) >> 20) / 1_000;
  return { x: axis(0), y: axis(2), z: axis(4) };
}

export const magnitude = ({ x, y, z }: Vector): number => Math.hypot(x, y, z);

/** Angle between two directions, degrees; undefined when one of them is none. */
export function angleBetween(a: Vector, b: Vector): number | undefined {
  const both = magnitude(a) * magnitude(b);
  if (both === 0) return undefined;
  const cosine = (a.x * b.x + a.y * b.y + a.z * b.z) / both;
  return (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}
