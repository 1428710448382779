export * from "./line.ts";
export * from "./people.ts";
export * from "./templates.ts";
export * from "./world.ts";
