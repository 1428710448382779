export * from "./actions.ts";
export * from "./server.ts";
export * from "./view.ts";
