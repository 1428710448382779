import type { Result } from "../kit/index.ts";
import type { AuxiliaryInput } from "./auxiliary.ts";

export interface Reading {
  /** OpenTelemetry style name, e.g. `hw.temperature`. */
  name: string;
  value: number;
  /** UCUM unit: `Cel`, `Pa`, `%`. */
  unit: string;
  quality: "good" | "stale" | "outOfRange" | "unknown";
  /** Wall clock, ms. */
  at: number;
}

export interface Sensor {
  read(): Promise<Result<Reading[]>>;
}

/**
 * A sensor whose readings come to a yes or no that may forbid motion: the unit runs on its battery, the cabinet leans.
 * The vault reads `guard` as it reads a contact.
 */
export interface GuardSensor extends Sensor {
  readonly guard: AuxiliaryInput;
}

/** What the supply is, by the value of the reading `kiosk.power.state`. */
export const POWER_STATES = ["mains", "onBattery", "low"] as const;
export type PowerState = (typeof POWER_STATES)[number];

/** Where a value can be believed: operating range of the part. */
export interface Range {
  low: number;
  high: number;
}

/**
 * A reading with its quality: no number is `unknown`, a number out of the part's range is told and marked, and what the part
 * did not measure anew is `stale`.
 * @param at wall clock, ms
 */
export function readingOf(
  what: { name: string; unit: string },
  value: number | undefined,
  range: Range,
  at: number,
  fresh = true,
): Reading {
  const { name, unit } = what;
  if (value === undefined || !Number.isFinite(value)) return { name, unit, value: 0, quality: "unknown", at };
  const outside = value < range.low || value > range.high;
  return { name, unit, value, quality: outside ? "outOfRange" : fresh ? "good" : "stale", at };
}
