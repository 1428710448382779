import { Type } from "@sinclair/typebox";
import { oneOf, Role, SerialSchema } from "../../contract/index.ts";

export const Ef01Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("fingerprint.ef01"),
    /** A module that was left at another rate is brought to this one. */
    port: SerialSchema,
    profile: oneOf("r503", "zfm"),
    /** Module address, 32 bit. */
    address: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
    /** Page that 1:1 borrows where the module ignores buffer numbers; cleared by recovering. */
    reservedPage: Type.Integer({ minimum: 0, maximum: 4000 }),
    /** `clear` (default): nothing of a person outlives a visit or a start. `keep`: enrolled templates stay in the library. */
    retention: Type.Optional(oneOf("clear", "keep")),
    /** 1 (fewest false matches) to 5 (fewest refusals); default: as the module is. */
    security: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  },
  { additionalProperties: false },
);
