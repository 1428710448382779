import type { Result } from "../kit/index.ts";

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
