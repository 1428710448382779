export * from "./alone.ts";
export * from "./film.ts";
export * from "./freshness.ts";
export * from "./mjpeg.ts";
export * from "./process.ts";
