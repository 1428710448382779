import { type Static, Type } from "@sinclair/typebox";
import { SelfTestFindingSchema } from "./selftest.ts";

/** One fault, told once however often it comes. Wall clock, ms. */
export const RepeatedFaultSchema = Type.Object({
  code: Type.String(),
  first: Type.Number(),
  last: Type.Number(),
  count: Type.Integer(),
});
export type RepeatedFault = Static<typeof RepeatedFaultSchema>;

export const SelfTestRecordSchema = Type.Object({
  /** Wall clock, ms. */
  at: Type.Number(),
  passed: Type.Boolean(),
  findings: Type.Array(SelfTestFindingSchema),
  /** Of a test that could not be done. */
  code: Type.Optional(Type.String()),
});
export type SelfTestRecord = Static<typeof SelfTestRecordSchema>;

/** How one device has done since its process started. Times of the wall clock and durations in ms. */
export const HealthSchema = Type.Object({
  lastSuccess: Type.Optional(Type.Number()),
  consecutiveFailures: Type.Integer(),
  queueDepth: Type.Integer(),
  /** Of the last commands that the device answered; absent before the first. */
  latency: Type.Optional(Type.Object({ p50: Type.Number(), p99: Type.Number(), count: Type.Integer() })),
  /** Sessions after the first. */
  reconnects: Type.Integer(),
  /** Sessions that the layer ended because nothing was certain of the device any more. */
  resets: Type.Integer(),
  /** When it is looked for next, while it is not there. */
  nextAttempt: Type.Optional(Type.Number()),
  /** The fault that it is in, or was in last. */
  fault: Type.Optional(RepeatedFaultSchema),
  selfTests: Type.Partial(
    Type.Object({
      internal: SelfTestRecordSchema,
      external: SelfTestRecordSchema,
      interactive: SelfTestRecordSchema,
    }),
  ),
});
export type Health = Static<typeof HealthSchema>;
