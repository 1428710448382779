import type { Static } from "@sinclair/typebox";
import type { Driver, Lock } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { GpioLockConfiguration } from "./configuration.ts";
import { gpioLockDriver } from "./driver.ts";

export { type GpioLockOptions, type GpioLockSettings, gpioLockDriver } from "./driver.ts";
export { runGuardian } from "./guardian/run.ts";

export const create = (settings: Static<typeof GpioLockConfiguration>, tools: DriverTools): Driver<Lock> =>
  gpioLockDriver(settings, {
    gpio: tools.ports.gpio,
    clock: tools.clock,
    redeem: tools.redeem,
    guardian: tools.ports.guardian,
  });
