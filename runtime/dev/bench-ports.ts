import { fileURLToPath } from "node:url";
import { connectBenchBus } from "../../drivers/bench/bus/client.ts";
import { setLog } from "../../drivers/kit/index.ts";
import {
  gpioPorts,
  type I2cBusObject,
  i2cPorts,
  type OnoffConstructor,
  type Ports,
  serialPorts,
} from "../../drivers/ports/index.ts";

/** The ports of a unit on the bench: real serial lines, look-alikes of the GPIO and I²C packages, the bench's camera programs. */
export async function benchPorts(): Promise<Ports> {
  const { GUICHET_BENCH_BUS: bus, GUICHET_BENCH_CAMERA: camera, GUICHET_LOG: level } = process.env;
  if (level === "error" || level === "debug") setLog({ level });
  if (!bus || !camera) throw new TypeError("GUICHET_BENCH_BUS and GUICHET_BENCH_CAMERA name the bench");
  const { Gpio, openPromisified, sysfsRoot } = await connectBenchBus(bus);
  return {
    serial: serialPorts(),
    gpio: gpioPorts({ Gpio: Gpio as unknown as OnoffConstructor, sysfsRoot }),
    i2c: i2cPorts({ openPromisified: openPromisified as unknown as (bus: number) => Promise<I2cBusObject> }),
    camera: { path: [camera] },
    // The bundle of this process has its own beside it.
    ...(import.meta.url.endsWith(".ts")
      ? { guardian: fileURLToPath(new URL("./guardian.ts", import.meta.url)) }
      : {}),
  };
}

/** Ends the process cleanly on the signals of a supervisor. */
export function stopOnSignal(stop: () => Promise<void>): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)));
}

/** Named steps at which the tests end the process; only here, never in what a unit runs. */
export const killAtStep = (name: string): void => {
  if (process.env.GUICHET_KILL_AT === name) process.kill(process.pid, "SIGKILL");
};

export function stateArgument(): string {
  const at = process.argv.indexOf("--state");
  const state = at > 0 ? process.argv[at + 1] : undefined;
  if (!state) throw new TypeError("--state DIR");
  return state;
}
