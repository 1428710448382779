export { type Core, type CoreOptions, startCore } from "./core.ts";
