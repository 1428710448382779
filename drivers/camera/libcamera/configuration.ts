import { Type } from "@sinclair/typebox";
import { Role } from "../../contract/index.ts";

export const LibcameraConfiguration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("camera.libcamera"),
    /** As the camera programs count, from 0. */
    index: Type.Integer({ minimum: 0, maximum: 7 }),
  },
  { additionalProperties: false },
);
