import type { BenchConfig } from "../../../drivers/bench/config.ts";
import type { GpioLockSettings } from "../../../drivers/lock/gpio/index.ts";

export const CHIP = "pinctrl-bcm2711";

const at = (offset: number) => ({ chip: CHIP, offset });

/** Two compartments with door contacts and item sensors, guarded unless the test says otherwise. */
export const LOCK = {
  role: "lock.wall",
  driver: "lock.gpio",
  compartments: [
    { coil: at(10), door: at(11), item: at(12) },
    { coil: at(20), door: at(21), item: at(22) },
  ],
  coilActiveLow: false,
  doorOpenLevel: 1,
  itemPresentLevel: 1,
  debounceMs: 5,
  pulseMs: 300,
  guardian: true,
} as const;

export const settings = (over: Partial<GpioLockSettings> = {}): GpioLockSettings => ({
  ...structuredClone({ ...LOCK, compartments: [...LOCK.compartments] }),
  ...over,
});

export const CONFIG = {
  devices: [structuredClone({ ...LOCK, compartments: [...LOCK.compartments] })],
  slots: [
    { slot: "W1", lock: "lock.wall", compartment: 0 },
    { slot: "W2", lock: "lock.wall", compartment: 1 },
  ],
} satisfies BenchConfig;
