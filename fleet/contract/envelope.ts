import { type Static, Type } from "@sinclair/typebox";

/** How far the sender's clock can be trusted. */
const ClockStateSchema = Type.Object({
  synced: Type.Boolean(),
  /** Seconds since the last proof of the time, from a signed message of the centre. */
  ageS: Type.Optional(Type.Number()),
});

/** The JSON envelope round every message of k1 except raw chunks and signed documents. */
export const EnvelopeSchema = Type.Object({
  v: Type.Literal(1),
  id: Type.String({ maxLength: 40 }),
  dev: Type.String({ maxLength: 40 }),
  /** Persisted, one more for each connection. */
  ep: Type.Integer({ minimum: 0 }),
  /** Per epoch and stream. */
  sq: Type.Integer({ minimum: 0 }),
  ts: Type.Number(),
  mt: Type.Number(),
  bt: Type.String({ maxLength: 40 }),
  clk: ClockStateSchema,
  k: Type.String({ maxLength: 40 }),
  d: Type.Unknown(),
});
export type Envelope = Static<typeof EnvelopeSchema>;
