export * from "./activate.ts";
export * from "./bundle.ts";
export * from "./unit-configuration.ts";
