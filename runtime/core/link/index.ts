export * from "./claim-link.ts";
export * from "./link.ts";
