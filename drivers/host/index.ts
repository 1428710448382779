export * from "./host.ts";
export * from "./readings.ts";
