import type { Static } from "@sinclair/typebox";
import type { Camera, Driver } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { V4l2Configuration } from "./configuration.ts";
import { v4l2Driver } from "./driver.ts";

export { type V4l2Options, type V4l2Settings, v4l2Driver } from "./driver.ts";

export const create = (settings: Static<typeof V4l2Configuration>, tools: DriverTools): Driver<Camera> =>
  v4l2Driver(settings, { camera: tools.ports.camera, clock: tools.clock });
