export * from "./agent.ts";
export * from "./health.ts";
export * from "./stick/index.ts";
