import { dirname, join } from "node:path";
import { startCameraServer, writeCameraCommands } from "../bench/camera/index.ts";
import type { Plant, Simulator } from "../bench/index.ts";
import type { Camera, Still } from "../contract/index.ts";
import type { ConformanceEntry, TrialBench } from "./entry.ts";

export interface CameraSim {
  server: Simulator;
  plant: Plant;
  /** The stills of this session, to find a picture that is told as new again and again. */
  taken: string[];
}

/** Starts the camera programs of the bench, as the driver finds them. */
export async function startCameras({ plant, cameraPath }: TrialBench): Promise<CameraSim> {
  const socket = join(dirname(cameraPath), "camera.sock");
  writeCameraCommands(cameraPath, socket);
  return { server: await startCameraServer({ config: plant.config, plant, socket }), plant, taken: [] };
}

/**
 * What every camera is tried with: stills of what lies before it, silence, and a picture that does not change.
 * @param repeats how often it may give the same picture again before it must have noticed; 0 for not even once
 */
export function cameraConformance<Sim extends CameraSim>(
  role: string,
  repeats: number,
): Pick<ConformanceEntry<Camera, Sim>, "realTime" | "trials" | "sensorFaults"> {
  const show =
    (code: string) =>
    ({ plant }: Sim) =>
      plant.show(role, { kind: "item", code });
  return {
    realTime: true,
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
          const scene = plant.state().cameras[role]?.scene;
          if (!scene || !("code" in scene) || !picture.includes(scene.code))
            return "a picture of something else";
          const last = taken.slice(-repeats - 1);
          const frozen =
            plant.cameraFault(role) === "frozen" && last.length > repeats && new Set(last).size === 1;
          return frozen ? "an old picture for a new one" : undefined;
        },
        waits: ({ plant }) => plant.setCameraFault(role, "silent"),
        calm: ({ plant }) => plant.setCameraFault(role, "ok"),
        noPerson: true,
      },
    },
    sensorFaults: {
      "it repeats one picture": ({ plant }) => plant.setCameraFault(role, "frozen"),
    },
  };
}
