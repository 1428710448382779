export { type CheckedService, checkService, type Problem, type ServiceSource } from "./check.ts";
export * from "./compile.ts";
export * from "./conditions.ts";
export * from "./entries.ts";
export * from "./format.ts";
export * from "./formats.ts";
export * from "./texts.ts";
