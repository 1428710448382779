export * from "./chip.ts";
export * from "./client.ts";
export * from "./server.ts";
