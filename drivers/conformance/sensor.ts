import type { Reading, Sensor } from "../contract/index.ts";
import type { ConformanceEntry } from "./entry.ts";

/** One reading: values that the simulator is set to, and how far from them the driver may read. */
export interface ReadingTrial<Sim> {
  unit: string;
  values: readonly number[];
  within: number;
  set(sim: Sim, value: number): void;
}

export interface SensorEntry<Sim> extends Omit<ConformanceEntry<Sensor, Sim>, "trials"> {
  readings: Readonly<Record<string, ReadingTrial<Sim>>>;
}

/** The whole entry of a sensor: its `read` is tried at each value of each reading, and may not say anything else. */
export function sensorConformance<Sim extends object>(
  entry: SensorEntry<Sim>,
): ConformanceEntry<Sensor, Sim> {
  const { readings, ...rest } = entry;
  const truth = new WeakMap<Sim, Map<string, number>>();
  const situations: Record<string, (sim: Sim) => void> = {};
  for (const [name, { values, unit, set }] of Object.entries(readings)) {
    for (const value of values) {
      situations[`${name} is ${value} ${unit}`] = (sim) => {
        set(sim, value);
        truth.set(sim, new Map(truth.get(sim)).set(name, value));
      };
    }
  }
  return {
    ...rest,
    trials: {
      read: {
        kind: "query",
        situations,
        run: (sensor) => sensor.read(),
        lie: (value: readonly Reading[], sim) => lieOf(readings, value, truth.get(sim)),
      },
    },
  };
}

function lieOf<Sim>(
  readings: SensorEntry<Sim>["readings"],
  read: readonly Reading[],
  truth: ReadonlyMap<string, number> | undefined,
): string | undefined {
  for (const [name, { unit, within }] of Object.entries(readings)) {
    const found = read.filter((reading) => reading.name === name);
    const [only] = found;
    if (!only || found.length > 1) return `${name} is told ${found.length} times`;
    if (only.unit !== unit) return `${name} is in ${only.unit}, not ${unit}`;
    const wanted = truth?.get(name);
    const good = only.quality === "good";
    if (good && !Number.isFinite(only.value)) return `${name} is called good and is no number`;
    if (good && wanted !== undefined && Math.abs(only.value - wanted) > within)
      return `${name} is called good and reads ${only.value}, where it is ${wanted}`;
  }
  return undefined;
}
