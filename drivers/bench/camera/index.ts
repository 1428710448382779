export * from "./commands.ts";
export * from "./nodes.ts";
export * from "./scenes.ts";
export * from "./server.ts";
