import { Type } from "@sinclair/typebox";
import { oneOf, Role, SerialSchema } from "../../contract/index.ts";

export const KerongConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("lock.kerong"),
    port: SerialSchema,
    /** Board address by its DIP switch, 0-9. */
    board: Type.Integer({ minimum: 0, maximum: 9 }),
    compartments: Type.Integer({ minimum: 1, maximum: 16 }),
    /** Which bit value of the feedback contact means locked; sources and locks differ. */
    lockedBit: oneOf(0, 1),
    /** Which bit value of an item sensor means that something is there; absent when none is wired. */
    itemBit: Type.Optional(oneOf(0, 1)),
    pulseMs: Type.Integer({ minimum: 100, maximum: 2_000 }),
  },
  { additionalProperties: false },
);
