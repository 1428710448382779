import { Type } from "@sinclair/typebox";
import { Line, Role } from "../../contract/index.ts";

export const GpioOutputConfiguration = Type.Object(
  { role: Role, driver: Type.Literal("indicator.gpio"), line: Line, activeLow: Type.Boolean() },
  { additionalProperties: false },
);
