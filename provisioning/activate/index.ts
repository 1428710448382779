export { judge } from "./compose.ts";
export { diskFault, StateDisk, type Step } from "./disk.ts";
export * from "./folder.ts";
export {
  type Generation,
  generationFolder,
  type Identity,
  IdentitySchema,
  pointedAt,
  readStanding,
  receiverOf,
  type Standing,
} from "./layout.ts";
export { type Changer, whileHeld } from "./lock.ts";
export * from "./probe.ts";
export * from "./provisioner.ts";
export type { Given, Report, Terms } from "./select.ts";
export { type Change, PROBATION_MS, type Trial } from "./trial.ts";
