import { Type } from "@sinclair/typebox";
import { I2cBus, oneOf, Role } from "../../contract/index.ts";

export const Sht4xConfiguration = Type.Object(
  { role: Role, driver: Type.Literal("sensor.sht4x"), bus: I2cBus, address: oneOf(0x44, 0x45, 0x46) },
  { additionalProperties: false },
);
