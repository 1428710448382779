import { Type } from "@sinclair/typebox";
import { I2cBus, Role } from "../../contract/index.ts";

/** One pin of a port expander. Pins of one expander are entries of their own with the same bus and address. */
export const Mcp23017Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("auxiliary.mcp23017"),
    bus: I2cBus,
    address: Type.Integer({ minimum: 0x20, maximum: 0x27 }),
    /** 0-7 is port A, 8-15 port B. */
    pin: Type.Integer({ minimum: 0, maximum: 15 }),
    /** A pin is pulled up: an open contact and a cut wire read high. */
    activeLow: Type.Boolean(),
    debounceMs: Type.Integer({ minimum: 1, maximum: 1_000 }),
  },
  { additionalProperties: false },
);
