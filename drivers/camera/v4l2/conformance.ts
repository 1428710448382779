import { join } from "node:path";
import { layCameraNodes } from "../../bench/camera/index.ts";
import {
  type CameraSim,
  type ConformanceEntry,
  cameraConformance,
  startCameras,
} from "../../conformance/index.ts";
import type { Camera } from "../../contract/index.ts";

interface Sim extends CameraSim {
  nodes: { stop(): void };
}

const ROLE = "camera.document";
/** A configuration names cameras below /dev. */
const FOLDER = `/dev/shm/guichet-cameras-${process.pid}`;

export const conformance: ConformanceEntry<Camera, Sim> = {
  configuration: {
    role: ROLE,
    driver: "camera.v4l2",
    path: join(FOLDER, "by-id", "usb-Bench_Cam_DOCUMENT-video-index0"),
    expected: { model: "Bench Cam: Bench Cam", serial: "CAMERADOCUMENT" },
    still: { width: 1280, height: 720 },
  },
  start: async (bench) => ({
    ...(await startCameras(bench)),
    nodes: layCameraNodes({ config: bench.plant.config, plant: bench.plant, folder: FOLDER }),
  }),
  stop: async ({ server, nodes }) => {
    nodes.stop();
    await server.stop();
  },
  // It compares the pictures before a still, so that the first still of a frozen camera is none.
  ...cameraConformance<Sim>(ROLE, 0),
  exempt: {
    resetMidCommand: "each command opens the camera anew",
    silence: "tried by the cancels, where it gives no picture",
  },
};
