import { dirname, join } from "node:path";
import { startCameraServer, writeCameraCommands } from "../../bench/camera/index.ts";
import type { Plant, Simulator } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Camera, Still } from "../../contract/index.ts";

interface Sim {
  server: Simulator;
  plant: Plant;
  /** The stills of this session, to find a picture that is told as new again and again. */
  taken: string[];
}

const ROLE = "camera.document";
const show = (code: string) => (sim: Sim) => sim.plant.show(ROLE, { kind: "item", code });

export const conformance: ConformanceEntry<Camera, Sim> = {
  configuration: { role: ROLE, driver: "camera.libcamera", index: 0 },
  realTime: true,
  start: async ({ plant, cameraPath }) => {
    const socket = join(dirname(cameraPath), "camera.sock");
    writeCameraCommands(cameraPath, socket);
    return { server: await startCameraServer({ config: plant.config, plant, socket }), plant, taken: [] };
  },
  stop: ({ server }) => server.stop(),
  trials: {
    still: {
      kind: "capture",
      deviceTimeMs: 15_000,
      situations: {
        "one thing lies before it": show("DOC-0001"),
        "another thing lies before it": show("DOC-0002"),
      },
      run: (camera, { signal }) => camera.still({ signal }),
      lie: (still: Still, { plant, taken }) => {
        const picture = Buffer.from(still.jpeg).toString("latin1");
        taken.push(picture);
        const scene = plant.state().cameras[ROLE]?.scene;
        if (!scene || !("code" in scene) || !picture.includes(scene.code))
          return "a picture of something else";
        const last = taken.slice(-4);
        return last.length === 4 && new Set(last).size === 1 ? "four times the same picture" : undefined;
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
    resetMidCommand: "a camera program starts the sensor anew for each picture",
    silence: "tried by the cancels, where it gives no picture",
    replugElsewhere: "cameras are counted by connector",
  },
};
