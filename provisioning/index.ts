/** What the unit's processes need at each start; whoever makes or takes bundles imports the rooms below. */
export * from "./board.ts";
export { type Bootstrap, readBootstrap } from "./claim.ts";
export * from "./configuration.ts";
export * from "./inbox.ts";
export * from "./unit-configuration.ts";
