import { Type } from "@sinclair/typebox";
import { Line, Role } from "../../contract/index.ts";

export const GpioInputConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("auxiliary.gpio"),
    line: Line,
    activeLow: Type.Boolean(),
    debounceMs: Type.Integer({ minimum: 1, maximum: 1_000 }),
    /** An alarm stays after the contact has gone back, over restarts too, until somebody has settled it by name. */
    latched: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
