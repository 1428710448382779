export * from "./unit-configuration.ts";
