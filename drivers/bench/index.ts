export * from "./bench.ts";
export * from "./config.ts";
export * from "./line.ts";
export * from "./lock/index.ts";
export * from "./people.ts";
export * from "./plant/index.ts";
export * from "./templates.ts";
export * from "./world.ts";
