import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deviceFault } from "../contract/index.ts";
import { commonJs } from "../kit/index.ts";
import { settledReader } from "./settled.ts";
import type { GpioFactory, GpioLine } from "./types.ts";

/** The part of `onoff` that is used; the bench gives a look-alike. */
export interface OnoffGpio {
  read(): Promise<number>;
  write(value: number): Promise<void>;
  watch(listener: (error: Error | null | undefined, value: number) => void): void;
  unwatchAll(): void;
  unexport(): void;
}
export type OnoffConstructor = new (
  gpio: number,
  direction: "in" | "out" | "high" | "low",
  edge?: "none" | "both",
  options?: { debounceTimeout?: number; activeLow?: boolean },
) => OnoffGpio;

/**
 * GPIO over sysfs by `onoff`. Lines are named by chip label and offset: kernel numbers differ between boards and kernels
 * (a base of 512 since Linux 6.6), so the base is looked up at each opening and a missing chip is an error.
 */
export function gpioPorts(options: { Gpio?: OnoffConstructor; sysfsRoot?: string } = {}): GpioFactory {
  const root = options.sysfsRoot ?? "/sys/class/gpio";
  const load = async (): Promise<OnoffConstructor> =>
    options.Gpio ?? (commonJs(await import("onoff")).Gpio as unknown as OnoffConstructor);
  const make = async (
    line: GpioLine,
    ...rest: [direction: "in" | "high" | "low", edge: "none" | "both", settings: object]
  ) => {
    const number = await kernelNumber(root, line);
    const Gpio = await load();
    try {
      return new Gpio(number, ...rest);
    } catch (error) {
      throw deviceFault("absent", { chip: line.chip, offset: line.offset }, error);
    }
  };
  return {
    input: async (line, { activeLow, debounceMs }) => {
      const gpio = await make(line, "in", "both", { activeLow, debounceTimeout: debounceMs });
      return {
        // The package debounces edges only.
        read: settledReader(async () => ((await gpio.read()) ? 1 : 0), debounceMs),
        onEdge: (listener) => gpio.watch((error, value) => !error && listener(value ? 1 : 0)),
        close: async () => {
          gpio.unwatchAll();
          gpio.unexport();
        },
      };
    },
    output: async (line, { activeLow, initial }) => {
      // "high" and "low" set direction and level in one step, so that the line never shows the other level; with activeLow
      // the kernel's words mean the electrical level.
      const gpio = await make(line, (initial === 1) !== activeLow ? "high" : "low", "none", { activeLow });
      return {
        write: async (level) => gpio.write(level),
        close: async () => {
          await gpio.write(initial);
          gpio.unexport();
        },
      };
    },
  };
}

/** Number of a line for the kernel: base of its chip plus offset. Rejects with `device.absent` or `device.invalidParameter`. */
async function kernelNumber(root: string, { chip, offset }: GpioLine): Promise<number> {
  const folders = (await readdir(root).catch(() => [])).filter((name) => name.startsWith("gpiochip"));
  for (const folder of folders) {
    const text = async (file: string) => (await readFile(join(root, folder, file), "utf8")).trim();
    if ((await text("label")) !== chip) continue;
    if (offset >= Number(await text("ngpio"))) throw deviceFault("invalidParameter", { chip, offset });
    return Number(await text("base")) + offset;
  }
  throw deviceFault("absent", { chip, offset });
}
