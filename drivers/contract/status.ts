import { type Static, Type } from "@sinclair/typebox";
import { HealthSchema } from "./health.ts";

const literals = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values] });

export const DEVICE_CLASSES = [
  "fingerprint",
  "camera",
  "lock",
  "sensor",
  "auxiliary",
  "indicator",
  "dispenser",
  "printer",
] as const;
export type DeviceClass = (typeof DEVICE_CLASSES)[number];

/**
 * Where a device is in its life. The only way into `ready` is through `recovering`: outputs off, positions read,
 * leftovers of a former life cleared. `misbound` (another device than the configured one answers) never actuates.
 */
export const LIFECYCLES = [
  "disabled",
  "absent",
  "opening",
  "identifying",
  "recovering",
  "ready",
  "busy",
  "faulted",
  "misbound",
  "maintenance",
  "stopping",
] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** How well it works, apart from where it is in its life. */
export const FitnessSchema = Type.Object({
  state: literals(["ok", "degraded", "failed"]),
  /** Error code of the reason, absent when ok. */
  code: Type.Optional(Type.String()),
  cause: Type.Optional(Type.String()),
  remedy: Type.Optional(Type.String()),
  todo: Type.Optional(Type.String()),
  /** Wall clock, ms. */
  since: Type.Number(),
});
export type Fitness = Static<typeof FitnessSchema>;

export const IdentitySchema = Type.Object({
  model: Type.String(),
  serial: Type.Optional(Type.String()),
  firmware: Type.Optional(Type.String()),
});
export type Identity = Static<typeof IdentitySchema>;

export const DeviceStatusSchema = Type.Object({
  /** Role id of the configuration, e.g. `finger.front`. */
  role: Type.String(),
  class: literals(DEVICE_CLASSES),
  driver: Type.String(),
  lifecycle: literals(LIFECYCLES),
  fitness: FitnessSchema,
  identity: Type.Optional(IdentitySchema),
  /** Read once after identification; what the device does not have is absent, never false. */
  capabilities: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  counters: Type.Record(Type.String(), Type.Number()),
  health: Type.Optional(HealthSchema),
});
export type DeviceStatus = Static<typeof DeviceStatusSchema>;

/**
 * Lowest to highest. `demonstration` devices only show the flow; `verification` may be compared 1:1;
 * `issuance` may go into a document. A service asks for a minimum.
 */
export const GRADES = ["demonstration", "verification", "issuance"] as const;
export type Grade = (typeof GRADES)[number];

/** Whether a device of grade `have` serves where `need` is asked for; one without a grade shows the flow at best. */
export const meetsGrade = (have: unknown, need: Grade): boolean =>
  GRADES.indexOf((have ?? "demonstration") as Grade) >= GRADES.indexOf(need);
