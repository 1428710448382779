import { Type } from "@sinclair/typebox";
import { Line, Role } from "../../contract/index.ts";

export const GpioInputConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("auxiliary.gpio"),
    line: Line,
    activeLow: Type.Boolean(),
    debounceMs: Type.Integer({ minimum: 1, maximum: 1_000 }),
  },
  { additionalProperties: false },
);
