import type { Static } from "@sinclair/typebox";
import type { Dispenser, Driver } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { Crt591Configuration } from "./configuration.ts";
import { crt591Driver } from "./driver.ts";

export { type Crt591Settings, crt591Driver } from "./driver.ts";

export { redaction } from "./redaction.ts";
export const create = (settings: Static<typeof Crt591Configuration>, tools: DriverTools): Driver<Dispenser> =>
  crt591Driver(settings, { serial: tools.ports.serial, clock: tools.clock, redeem: tools.redeem });
