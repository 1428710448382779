import { readdir } from "node:fs/promises";
import type { GpioFactory } from "./types.ts";

export const GPIO_BACK_ENDS = ["sysfs", "chardev"] as const;
export type GpioBackEnd = (typeof GPIO_BACK_ENDS)[number];

/**
 * One of two GPIO back ends, chosen at the first line that is opened and loaded only then: the one that is named, otherwise
 * sysfs where the kernel still has it, otherwise the character device.
 */
export function chosenGpio(
  make: Record<GpioBackEnd, () => GpioFactory | Promise<GpioFactory>>,
  options: { named?: string | undefined; sysfsRoot?: string } = {},
): GpioFactory {
  const { named, sysfsRoot = "/sys/class/gpio" } = options;
  if (named !== undefined && !(GPIO_BACK_ENDS as readonly string[]).includes(named))
    throw new TypeError(`GUICHET_GPIO is one of ${GPIO_BACK_ENDS.join(", ")}`);
  const choose = async (): Promise<GpioFactory> => {
    if (named !== undefined) return make[named as GpioBackEnd]();
    const there = (await readdir(sysfsRoot).catch(() => [])).some((name) => name.startsWith("gpiochip"));
    return make[there ? "sysfs" : "chardev"]();
  };
  let chosen: Promise<GpioFactory> | undefined;
  const get = (): Promise<GpioFactory> => {
    chosen ??= choose();
    return chosen;
  };
  return {
    input: async (...args) => (await get()).input(...args),
    output: async (...args) => (await get()).output(...args),
  };
}
