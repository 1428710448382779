export * from "./faults.ts";
export * from "./limits.ts";
export * from "./notice/index.ts";
export * from "./staging.ts";
