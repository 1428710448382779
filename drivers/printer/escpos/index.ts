import type { Static } from "@sinclair/typebox";
import type { Driver, Printer } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { EscposConfiguration } from "./configuration.ts";
import { escposDriver } from "./driver.ts";

export { redaction } from "./redaction.ts";
export const create = (settings: Static<typeof EscposConfiguration>, tools: DriverTools): Driver<Printer> =>
  escposDriver(settings, { serial: tools.ports.serial, clock: tools.clock, redeem: tools.redeem });
