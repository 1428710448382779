import {
  type CameraSim,
  type ConformanceEntry,
  cameraConformance,
  startCameras,
} from "../../conformance/index.ts";
import type { Camera } from "../../contract/index.ts";

const ROLE = "camera.document";

export const conformance: ConformanceEntry<Camera, CameraSim> = {
  configuration: { role: ROLE, driver: "camera.libcamera", index: 0 },
  start: startCameras,
  stop: ({ server }) => server.stop(),
  ...cameraConformance<CameraSim>(ROLE, 3),
  exempt: {
    resetMidCommand: "a camera program starts the sensor anew for each picture",
    silence: "tried by the cancels, where it gives no picture",
    replugElsewhere: "cameras are counted by connector",
  },
};
