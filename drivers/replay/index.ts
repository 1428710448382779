export * from "./replay.ts";
export type { Outcome } from "./script.ts";
