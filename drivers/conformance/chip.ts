import type { ChipSimulator, SimulatedPart, Wired } from "../bench/bus/chip.ts";
import type { Plant } from "../bench/index.ts";
import type { Sensor } from "../contract/index.ts";
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
