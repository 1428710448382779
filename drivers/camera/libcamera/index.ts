import type { Static } from "@sinclair/typebox";
import type { Camera, Driver } from "../../contract/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { LibcameraConfiguration } from "./configuration.ts";
import { libcameraDriver } from "./driver.ts";
import { CameraList } from "./list.ts";

export {
  type CameraOptions,
  type CameraSizes,
  LANDSCAPE,
  type LibcameraSettings,
  libcameraDriver,
  PORTRAIT,
} from "./driver.ts";

export const create = (settings: Static<typeof LibcameraConfiguration>, tools: DriverTools): Driver<Camera> =>
  libcameraDriver(settings, {
    camera: tools.ports.camera,
    clock: tools.clock,
    list: tools.share("camera.libcamera", () => new CameraList()),
  });
