import { Type } from "@sinclair/typebox";
import { I2cBus, oneOf, Role } from "../../contract/index.ts";

export const Sht31Configuration = Type.Object(
  { role: Role, driver: Type.Literal("sensor.sht31"), bus: I2cBus, address: oneOf(0x44, 0x45) },
  { additionalProperties: false },
);
