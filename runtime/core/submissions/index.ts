export * from "./submissions.ts";
