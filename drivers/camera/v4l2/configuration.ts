import { Type } from "@sinclair/typebox";
import { Expected, Role } from "../../contract/index.ts";

const Size = Type.Object(
  {
    width: Type.Integer({ minimum: 160, maximum: 8_192 }),
    height: Type.Integer({ minimum: 120, maximum: 8_192 }),
  },
  { additionalProperties: false },
);

export const V4l2Configuration = Type.Object(
  {
    role: Role,
    driver: Type.Literal("camera.v4l2"),
    /** A name that stays, below `/dev/v4l/by-id` or `by-path`: the numbers of `/dev/video*` change. */
    path: Type.String({ pattern: "^/dev/([\\w-]+/)*by-(id|path)/[\\w.:@+-]+$", maxLength: 200 }),
    /** What the camera must say of itself: its card name and its serial number. */
    expected: Type.Optional(Expected),
    still: Type.Optional(Size),
    preview: Type.Optional(Size),
  },
  { additionalProperties: false },
);
