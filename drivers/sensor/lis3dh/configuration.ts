import { Type } from "@sinclair/typebox";
import { I2cBus, oneOf, Role } from "../../contract/index.ts";

const Axis = Type.Number({ minimum: -1.5, maximum: 1.5 });

export const Lis3dhConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("sensor.lis3dh"),
    bus: I2cBus,
    address: oneOf(0x18, 0x19),
    /** What the part feels while the cabinet stands as it was mounted, in g: measured at commissioning. */
    upright: Type.Object({ x: Axis, y: Axis, z: Axis }, { additionalProperties: false }),
    /** A cabinet that leans further than this, for two seconds, is being moved, degrees. */
    maxTiltDeg: Type.Number({ minimum: 2, maximum: 90 }),
  },
  { additionalProperties: false },
);
