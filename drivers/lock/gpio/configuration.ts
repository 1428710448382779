import { Type } from "@sinclair/typebox";
import { Line, oneOf, Role } from "../../contract/index.ts";

/** No coil is driven for longer, whatever a configuration says, ms. The guardian has the same limit of its own. */
export const MAX_PULSE_MS = 2_000;

const shared = {
  role: Role,
  driver: Type.Literal("lock.gpio"),
  /** In the order of their numbers, from 0. Either all or none have an item sensor. */
  compartments: Type.Array(
    Type.Object({ coil: Line, door: Line, item: Type.Optional(Line) }, { additionalProperties: false }),
    { minItems: 1, maxItems: 16 },
  ),
  /** Whether a low level energises a coil. */
  coilActiveLow: Type.Boolean(),
  /** Level of a door contact that means open. */
  doorOpenLevel: oneOf(0, 1),
  /** Level of an item sensor that means that something is there. */
  itemPresentLevel: Type.Optional(oneOf(0, 1)),
  debounceMs: Type.Integer({ minimum: 1, maximum: 500 }),
  pulseMs: Type.Integer({ minimum: 20, maximum: MAX_PULSE_MS }),
};
/** The coil's circuit ends a pulse by itself, however long the line stays driven (a monostable, a timed relay). */
const oneShot = Type.Literal(true);
/** The shipped guardian process holds the lines and ends the pulse when this process is gone. */
const guardian = Type.Literal(true);
const closed = { additionalProperties: false };

/** A line of GPIO stays driven when its program is killed: something else must end the pulse, by one way or the other. */
export const GpioLockConfiguration = Type.Union([
  Type.Object({ ...shared, oneShot, guardian: Type.Optional(guardian) }, closed),
  Type.Object({ ...shared, guardian, oneShot: Type.Optional(oneShot) }, closed),
]);
