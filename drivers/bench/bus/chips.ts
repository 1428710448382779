import type { Clock } from "../../kit/index.ts";
import type { BenchConfig } from "../config.ts";
import type { ChipSimulator, SimulatedPart, Wired, World } from "./chip.ts";

export interface PlacedPart {
  bus: number;
  address: number;
  roles: readonly string[];
  part: SimulatedPart;
}

/** By class, so that a bundler can see which files may be meant. */
const LOAD: Readonly<Record<string, (chip: string) => Promise<{ simulator: ChipSimulator }>>> = {
  sensor: (chip) => import(`../../sensor/${chip}/simulator.ts`),
  auxiliary: (chip) => import(`../../auxiliary/${chip}/simulator.ts`),
};

/** The simulators of every device that the configuration puts onto an I2C bus; devices at one address share one. */
export async function placeParts(config: BenchConfig, world: World, clock: Clock): Promise<PlacedPart[]> {
  const groups = new Map<string, { driver: string; wired: Wired[] }>();
  for (const device of config.devices) {
    if (!onBus(device)) continue;
    const key = `${device.driver} ${device.bus} ${device.address}`;
    const group = groups.get(key) ?? { driver: device.driver, wired: [] };
    group.wired.push(device);
    groups.set(key, group);
  }
  const placed = [...groups.values()].map(async ({ driver, wired }) => {
    const [first] = wired;
    const [family = "", chip = ""] = driver.split(".");
    const load = LOAD[family];
    if (!first || !load || !/^[a-z0-9-]+$/.test(chip)) throw new TypeError(`no I2C part of driver ${driver}`);
    const { simulator } = await load(chip);
    const { bus, address } = first;
    return {
      bus,
      address,
      roles: wired.map(({ role }) => role),
      part: simulator.create(wired, world, clock),
    };
  });
  return Promise.all(placed);
}

const onBus = (
  device: BenchConfig["devices"][number],
): device is typeof device & Wired & { driver: string } =>
  Number.isInteger(device.bus) && Number.isInteger(device.address);
