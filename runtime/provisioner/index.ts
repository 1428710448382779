export * from "./agent.ts";
export * from "./health.ts";
