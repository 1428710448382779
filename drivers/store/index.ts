export * from "./journal.ts";
export * from "./look.ts";
export * from "./store.ts";
