import { dirname, join } from "node:path";
import { layCameraNodes, startCameraServer, writeCameraCommands } from "../../bench/camera/index.ts";
import type { Plant, Simulator } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Camera, Still } from "../../contract/index.ts";

interface Sim {
  server: Simulator;
  nodes: { stop(): void };
  plant: Plant;
}

const ROLE = "camera.document";
/** A configuration names cameras below /dev. */
const FOLDER = `/dev/shm/guichet-cameras-${process.pid}`;
const show = (code: string) => (sim: Sim) => sim.plant.show(ROLE, { kind: "item", code });

export const conformance: ConformanceEntry<Camera, Sim> = {
  configuration: {
    role: ROLE,
    driver: "camera.v4l2",
    path: join(FOLDER, "by-id", "usb-Bench_Cam_DOCUMENT-video-index0"),
    expected: { model: "Bench Cam: Bench Cam", serial: "CAMERADOCUMENT" },
    still: { width: 1280, height: 720 },
  },
  realTime: true,
  start: async ({ plant, cameraPath }) => {
    const socket = join(dirname(cameraPath), "camera.sock");
    writeCameraCommands(cameraPath, socket);
    const server = await startCameraServer({ config: plant.config, plant, socket });
    return { server, nodes: layCameraNodes({ config: plant.config, plant, folder: FOLDER }), plant };
  },
  stop: async ({ server, nodes }) => {
    nodes.stop();
    await server.stop();
  },
  trials: {
    still: {
      kind: "capture",
      deviceTimeMs: 15_000,
      situations: {
        "one thing lies before it": show("DOC-0001"),
        "another thing lies before it": show("DOC-0002"),
      },
      run: (camera, { signal }) => camera.still({ signal }),
      lie: (still: Still, { plant }) => {
        const scene = plant.state().cameras[ROLE]?.scene;
        const picture = Buffer.from(still.jpeg).toString("latin1");
        if (!scene || !("code" in scene) || !picture.includes(scene.code))
          return "a picture of something else";
        return plant.cameraFault(ROLE) === "frozen" ? "an old picture for a new one" : undefined;
      },
      waits: ({ plant }) => plant.setCameraFault(ROLE, "silent"),
      calm: ({ plant }) => plant.setCameraFault(ROLE, "ok"),
      noPerson: true,
    },
  },
  sensorFaults: {
    "it repeats one picture": ({ plant }) => plant.setCameraFault(ROLE, "frozen"),
  },
  exempt: {
    resetMidCommand: "each command opens the camera anew",
    silence: "tried by the cancels, where it gives no picture",
  },
};
