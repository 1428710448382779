export * from "./faults.ts";
export * from "./make.ts";
export * from "./manifest.ts";
export * from "./open.ts";
export * from "./source.ts";
