export type { CommandBookOptions } from "./commands.ts";
export type { Subscription } from "./events.ts";
export { DeviceHost } from "./host.ts";
export { InterlockBoard } from "./interlocks.ts";
export type { HostOptions, UseOptions } from "./options.ts";
export * from "./readings.ts";
