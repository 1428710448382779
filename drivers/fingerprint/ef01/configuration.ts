import { Type } from "@sinclair/typebox";
import { oneOf, Role, SerialSchema } from "../../contract/index.ts";

export const Ef01Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("fingerprint.ef01"),
    port: SerialSchema,
    profile: oneOf("r503", "zfm"),
    /** Module address, 32 bit. */
    address: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
    /** Page that 1:1 borrows where the module ignores buffer numbers; cleared by recovering. */
    reservedPage: Type.Integer({ minimum: 0, maximum: 4000 }),
  },
  { additionalProperties: false },
);
