export { KerongBuses } from "./bus.ts";
export { type KerongSettings, kerongDriver } from "./driver.ts";
