import { Type } from "@sinclair/typebox";
import { I2cBus, Role } from "../../contract/index.ts";

export const Ina226Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("sensor.ina226"),
    bus: I2cBus,
    address: Type.Integer({ minimum: 0x40, maximum: 0x4f }),
    /** Shunt in the lead of the battery; the side where current flows into the battery counts as positive. */
    shuntMicroOhm: Type.Integer({ minimum: 100, maximum: 1_000_000 }),
    /** The rail has at least this much while the mains are there, V. */
    mainsAboveV: Type.Number({ minimum: 3, maximum: 36 }),
    /** Below this the battery will not last for a hand-over, V. */
    lowBelowV: Type.Number({ minimum: 3, maximum: 36 }),
  },
  { additionalProperties: false },
);
