export * from "./broker.ts";
export * from "./rules.ts";
export * from "./stick.ts";
