import { type Clock, systemClock } from "../../kit/index.ts";
import { BusConnection } from "./connection.ts";
import { gpioClass } from "./gpio.ts";
import { i2cOpener } from "./i2c.ts";

/** What a unit's process is given in development in place of the packages `onoff` and `i2c-bus`. */
export interface BenchBus {
  Gpio: ReturnType<typeof gpioClass>;
  openPromisified: ReturnType<typeof i2cOpener>;
  /** In place of /sys/class/gpio. */
  sysfsRoot: string;
  close(): void;
}

const RETRY_MS = 50;

/**
 * Connects to the bench, which may still be starting. Rejects when it is not there after `patienceMs`.
 * The connection does not keep the process alive.
 */
export async function connectBenchBus(
  socketPath: string,
  patienceMs = 5_000,
  clock: Clock = systemClock,
): Promise<BenchBus> {
  const end = clock.mono() + patienceMs;
  for (;;) {
    try {
      const bus = await BusConnection.open(socketPath);
      bus.unref();
      return {
        Gpio: gpioClass(bus),
        openPromisified: i2cOpener(bus),
        sysfsRoot: bus.sysfsRoot,
        close: () => bus.close(),
      };
    } catch (error) {
      if (clock.mono() >= end) throw error;
      await clock.sleep(RETRY_MS);
    }
  }
}
