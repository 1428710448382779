export * from "./decide.ts";
export * from "./descriptors.ts";
