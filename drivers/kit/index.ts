export * from "./async.ts";
export * from "./clock.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./log.ts";
export * from "./modules.ts";
export * from "./result.ts";
export * from "./schema.ts";
