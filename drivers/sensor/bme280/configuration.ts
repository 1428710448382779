import { Type } from "@sinclair/typebox";
import { I2cBus, oneOf, Role } from "../../contract/index.ts";

export const Bme280Configuration = Type.Object(
  { role: Role, driver: Type.Literal("sensor.bme280"), bus: I2cBus, address: oneOf(0x76, 0x77) },
  { additionalProperties: false },
);
