import { Type } from "@sinclair/typebox";
import { oneOf, Role, SerialSchema } from "../../contract/index.ts";

/** How many magazines the unit has. */
export const CRT591_MAGAZINES = 1;

export const Crt591Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("dispenser.crt591"),
    port: SerialSchema,
    /** DIP switches, 0-15. */
    address: Type.Integer({ minimum: 0, maximum: 15 }),
    /** The model: the same opcode moves differently on each, so another one than this is never moved. */
    profile: oneOf("m001", "r02"),
  },
  { additionalProperties: false },
);
