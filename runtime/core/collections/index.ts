export * from "./collections.ts";
export * from "./vault-journal.ts";
