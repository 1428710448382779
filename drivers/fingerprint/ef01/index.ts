import type { Static } from "@sinclair/typebox";
import type { Driver, Fingerprint } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { Ef01Configuration } from "./configuration.ts";
import { ef01Driver } from "./driver.ts";

export { type Ef01Settings, ef01Driver } from "./driver.ts";

export { redaction } from "./redaction.ts";
export const create = (settings: Static<typeof Ef01Configuration>, tools: DriverTools): Driver<Fingerprint> =>
  ef01Driver(settings, { serial: tools.ports.serial, clock: tools.clock });
