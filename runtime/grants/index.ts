export * from "./rules.ts";
export * from "./stick.ts";
