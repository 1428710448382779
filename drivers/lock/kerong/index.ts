import type { Static } from "@sinclair/typebox";
import type { Driver, Lock } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import { KerongBuses } from "./bus.ts";
import type { KerongConfiguration } from "./configuration.ts";
import { kerongDriver } from "./driver.ts";

export { KerongBuses } from "./bus.ts";
export { type KerongSettings, kerongDriver } from "./driver.ts";

export function create(settings: Static<typeof KerongConfiguration>, tools: DriverTools): Driver<Lock> {
  const buses = tools.share("lock.kerong", () => new KerongBuses(tools.ports.serial, tools.clock));
  return kerongDriver(settings, { buses, redeem: tools.redeem });
}
