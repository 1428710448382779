import type { ChipSimulator, SimulatedPart, Wired } from "../bench/bus/chip.ts";
import type { Plant } from "../bench/index.ts";
import type { GuardSensor, Sensor } from "../contract/index.ts";
import type { ConformanceEntry, TrialBench } from "./entry.ts";
import { type SensorEntry, sensorConformance } from "./sensor.ts";

export interface ChipSim {
  plant: Plant;
  part: SimulatedPart;
}

/** Puts a chip's own simulator onto the bus of a trial. */
export function startChip(
  simulator: ChipSimulator,
  configuration: ConformanceEntry["configuration"],
): (bench: TrialBench) => ChipSim {
  // An entry of the configuration that names bus and address is what hangs on the bus.
  const wired = configuration as ConformanceEntry["configuration"] & Wired;
  return ({ plant, i2c, clock }) => {
    const part = simulator.create([wired], plant, clock);
    i2c(wired.address, part);
    return { plant, part };
  };
}

/** The whole entry of a sensor on an I2C bus. */
export function chipConformance(
  simulator: ChipSimulator,
  entry: Omit<SensorEntry<ChipSim>, "start" | "reset">,
): ConformanceEntry<Sensor, ChipSim> {
  return sensorConformance<ChipSim>({
    ...entry,
    start: startChip(simulator, entry.configuration),
    reset: ({ part }) => part.powerCycle(),
  });
}

/** The whole entry of a sensor that can forbid motion: its readings, and the yes or no that the vault is given. */
export function guardConformance(
  simulator: ChipSimulator,
  entry: Omit<SensorEntry<ChipSim>, "start" | "reset"> & {
    /** Situations in which the guard is, and is not, active. */
    guard: Readonly<Record<string, (sim: ChipSim) => void>>;
    /** Whether what it guards against is so. */
    active(sim: ChipSim): boolean;
    /** How long that must last before the guard says so, ms. */
    lastsMs?: number;
  },
): ConformanceEntry<GuardSensor, ChipSim> {
  const { guard, active, lastsMs = 0, ...rest } = entry;
  const sensor = chipConformance(simulator, rest);
  return {
    ...sensor,
    trials: {
      ...sensor.trials,
      guard: {
        kind: "query",
        situations: guard,
        run: async (verbs, { clock }) => {
          const first = await verbs.guard.read();
          if (!first.ok || lastsMs === 0) return first;
          await clock.sleep(lastsMs);
          return verbs.guard.read();
        },
        lie: (state: "active" | "inactive", sim) =>
          (state === "active") === active(sim) ? undefined : `the guard is ${state}`,
      },
    },
  };
}
