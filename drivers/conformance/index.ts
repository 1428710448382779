export * from "./entry.ts";
export * from "./sensor.ts";
