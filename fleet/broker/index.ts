export * from "./embedded.ts";
