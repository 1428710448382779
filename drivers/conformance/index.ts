export * from "./cases.ts";
export * from "./chip.ts";
export * from "./entry.ts";
export * from "./rig.ts";
export * from "./sensor.ts";
export * from "./subjects.ts";
export * from "./suite.ts";
