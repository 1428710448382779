import { type Static, Type } from "@sinclair/typebox";
import { DeviceStatusSchema } from "./status.ts";

/** What is told of a device. Nothing of a person is in it. */
export const DeviceEventSchema = Type.Object({
  role: Type.String(),
  name: Type.String(),
  /** Counts up by one from 1 for each event of this device in this boot: a gap is a loss. */
  sequence: Type.Integer({ minimum: 1 }),
  /** Of the process: sequences of different boots do not compare. */
  boot: Type.String(),
  /** Monotonic and wall clock, ms. */
  mono: Type.Number(),
  wall: Type.Number(),
  transaction: Type.Optional(Type.String()),
  /** What has changed, for `statusChanged` only. */
  status: Type.Optional(Type.Partial(DeviceStatusSchema)),
  fields: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null(), Type.Undefined()]),
  ),
});
export type DeviceEvent = Static<typeof DeviceEventSchema>;

/** Given to a subscriber that was too slow, in place of what was dropped: the whole state as of `sequence`. */
export const ResyncSchema = Type.Object({
  role: Type.String(),
  name: Type.Literal("resync"),
  boot: Type.String(),
  sequence: Type.Integer({ minimum: 0 }),
  dropped: Type.Integer(),
  snapshot: DeviceStatusSchema,
});
export type Resync = Static<typeof ResyncSchema>;
