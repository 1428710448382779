export * from "./der.ts";
export * from "./keys.ts";
