import type { Static, TSchema } from "@sinclair/typebox";
import { GpioInputConfiguration } from "../auxiliary/gpio/configuration.ts";
import { Mcp23017Configuration } from "../auxiliary/mcp23017/configuration.ts";
import { LibcameraConfiguration } from "../camera/libcamera/configuration.ts";
import { V4l2Configuration } from "../camera/v4l2/configuration.ts";
import type { Driver } from "../contract/index.ts";
import { CRT591_MAGAZINES, Crt591Configuration } from "../dispenser/crt591/configuration.ts";
import { Ef01Configuration } from "../fingerprint/ef01/configuration.ts";
import { GpioOutputConfiguration } from "../indicator/gpio/configuration.ts";
import { GpioLockConfiguration } from "../lock/gpio/configuration.ts";
import { KerongConfiguration } from "../lock/kerong/configuration.ts";
import type { DriverTools, Redaction } from "../ports/index.ts";
import { EscposConfiguration } from "../printer/escpos/configuration.ts";
import { Bme280Configuration } from "../sensor/bme280/configuration.ts";
import { Ina226Configuration } from "../sensor/ina226/configuration.ts";
import { Lis3dhConfiguration } from "../sensor/lis3dh/configuration.ts";
import { Sht4xConfiguration } from "../sensor/sht4x/configuration.ts";
import { Sht31Configuration } from "../sensor/sht31/configuration.ts";

/** What every driver's `index.ts` exports. The class of the driver says which verbs it has. */
export interface DriverModule<Settings, Verbs = unknown> {
  create(settings: Settings, tools: DriverTools): Driver<Verbs>;
  /** What of its wire may be kept; without it nothing of a person is ever on it. */
  redaction?(): Redaction;
}

interface Row<Schema extends TSchema> {
  /** JSON Schema of the device's entry in the unit's configuration. */
  configuration: Schema;
  /** `vault` for what moves or guards something, `senses` for what captures. */
  process: "vault" | "senses";
  /** Loads the driver: only what a unit is configured for is loaded. */
  load(): Promise<DriverModule<Static<Schema>>>;
}

const row = <Schema extends TSchema>(
  process: Row<Schema>["process"],
  configuration: Schema,
  load: Row<Schema>["load"],
): Row<Schema> => ({ configuration, process, load });

/**
 * Every driver there is. The configuration's schema, the devices of vault and senses, the conformance suite and
 * docs/devices.md are made from these rows.
 */
export const REGISTRY = {
  "fingerprint.ef01": row("senses", Ef01Configuration, () => import("../fingerprint/ef01/index.ts")),
  "camera.libcamera": row("senses", LibcameraConfiguration, () => import("../camera/libcamera/index.ts")),
  "camera.v4l2": row("senses", V4l2Configuration, () => import("../camera/v4l2/index.ts")),
  "sensor.bme280": row("senses", Bme280Configuration, () => import("../sensor/bme280/index.ts")),
  "sensor.sht31": row("senses", Sht31Configuration, () => import("../sensor/sht31/index.ts")),
  "sensor.sht4x": row("senses", Sht4xConfiguration, () => import("../sensor/sht4x/index.ts")),
  "sensor.ina226": row("vault", Ina226Configuration, () => import("../sensor/ina226/index.ts")),
  "sensor.lis3dh": row("vault", Lis3dhConfiguration, () => import("../sensor/lis3dh/index.ts")),
  "printer.escpos": row("senses", EscposConfiguration, () => import("../printer/escpos/index.ts")),
  "lock.gpio": row("vault", GpioLockConfiguration, () => import("../lock/gpio/index.ts")),
  "lock.kerong": row("vault", KerongConfiguration, () => import("../lock/kerong/index.ts")),
  "dispenser.crt591": row("vault", Crt591Configuration, () => import("../dispenser/crt591/index.ts")),
  "auxiliary.gpio": row("vault", GpioInputConfiguration, () => import("../auxiliary/gpio/index.ts")),
  "auxiliary.mcp23017": row("vault", Mcp23017Configuration, () => import("../auxiliary/mcp23017/index.ts")),
  "indicator.gpio": row("vault", GpioOutputConfiguration, () => import("../indicator/gpio/index.ts")),
};

export { CRT591_MAGAZINES };

export type DriverName = keyof typeof REGISTRY;
export type DeviceOf<Name extends DriverName> = Static<(typeof REGISTRY)[Name]["configuration"]>;
export type DeviceConfiguration = { [Name in DriverName]: DeviceOf<Name> }[DriverName];

export const DRIVER_NAMES = Object.keys(REGISTRY) as DriverName[];

/** The process that drives a device. */
export const processOf = (device: DeviceConfiguration): "vault" | "senses" => REGISTRY[device.driver].process;

/** Makes the drivers of one process, in the order of the configuration. */
export async function createDrivers(
  process: "vault" | "senses",
  devices: readonly DeviceConfiguration[],
  tools: DriverTools,
): Promise<{ device: DeviceConfiguration; driver: Driver<unknown> }[]> {
  const own = devices.filter(({ driver }) => REGISTRY[driver].process === process);
  return Promise.all(
    own.map(async (device) => {
      // The row's schema has been checked against this device, whatever its name.
      const module = (await REGISTRY[device.driver].load()) as DriverModule<DeviceConfiguration>;
      return { device, driver: createDriver(module, device, tools) };
    }),
  );
}

/** Makes one driver, and has the process's tap listen in to it. */
export function createDriver<Settings extends { role: string }, Verbs>(
  module: DriverModule<Settings, Verbs>,
  device: Settings,
  tools: DriverTools,
): Driver<Verbs> {
  const { tap } = tools;
  if (!tap) return module.create(device, tools);
  tap.bind(device, module.redaction);
  return tap.watch(module.create(device, tools));
}
