import type { Static } from "@sinclair/typebox";
import type { Driver, Sensor } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { Bme280Configuration } from "./configuration.ts";
import { bme280Driver } from "./driver.ts";

export { type Bme280Settings, bme280Driver } from "./driver.ts";

export const create = (settings: Static<typeof Bme280Configuration>, tools: DriverTools): Driver<Sensor> =>
  bme280Driver(settings, { i2c: tools.ports.i2c, clock: tools.clock });
