export * from "./block.ts";
export * from "./stick.ts";
