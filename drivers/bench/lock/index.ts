export * from "./boards.ts";
