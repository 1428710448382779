export * from "./key-files.ts";
export * from "./key-set.ts";
