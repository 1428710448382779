export * from "./health.ts";
export * from "./hours.ts";
