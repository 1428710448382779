export * from "./errors.ts";
export * from "./session.ts";
export * from "./status.ts";
export * from "./verbs.ts";
