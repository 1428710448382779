export * from "./commands.ts";
export * from "./scenes.ts";
export * from "./server.ts";
