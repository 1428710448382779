import { gpioPorts } from "./gpio.ts";
import { chosenGpio } from "./gpio-choice.ts";
import { i2cPorts } from "./i2c.ts";
import { serialPorts } from "./serial.ts";
import type { Ports } from "./types.ts";

export * from "./camera/index.ts";
export * from "./gpio.ts";
export * from "./gpio-choice.ts";
export * from "./i2c.ts";
export * from "./i2c-sensor.ts";
export * from "./serial.ts";
export * from "./tap/index.ts";
export * from "./tools.ts";
export * from "./types.ts";

/** The ports of a real unit. Native packages are loaded at the first use of each. */
export function systemPorts(): Ports {
  return {
    serial: serialPorts(),
    i2c: i2cPorts(),
    gpio: chosenGpio(
      { sysfs: () => gpioPorts(), chardev: async () => (await import("./chardev/index.ts")).chardevPorts() },
      { named: process.env.GUICHET_GPIO },
    ),
    camera: { path: (process.env.PATH ?? "/usr/bin").split(":") },
  };
}
