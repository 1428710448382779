export * from "./redaction.ts";
export * from "./ring.ts";
export * from "./tap.ts";
export * from "./verbs.ts";
