export type { Quirks } from "./models.ts";
export * from "./simulator.ts";
