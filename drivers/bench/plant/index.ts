export { expanderChip } from "./lines.ts";
export * from "./locker.ts";
export * from "./plant.ts";
export * from "./scene.ts";
export * from "./state.ts";
