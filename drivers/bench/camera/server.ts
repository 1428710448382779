import { rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "../../kit/index.ts";
import { type BenchConfig, devicesOf } from "../config.ts";
import type { Plant } from "../plant/index.ts";
import type { Simulator } from "../world.ts";
import { listing, listOf } from "./commands.ts";

/** Serves the cameras' pictures to the camera command over HTTP on a Unix socket. */
export async function startCameraServer(options: {
  config: BenchConfig;
  plant: Plant;
  socket: string;
  clock?: Clock;
}): Promise<Simulator> {
  const { plant, socket, clock = systemClock } = options;
  const cameras = devicesOf(options.config, "camera.libcamera");
  const usb = devicesOf(options.config, "camera.v4l2");
  const stopped = new AbortController();

  /** Attached cameras in the order of their connectors; a program counts only these. */
  const present = () => cameras.filter(({ role }) => plant.attached(role)).sort((a, b) => a.index - b.index);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://bench");
    const number = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise);
    const role = url.searchParams.get("role");
    const camera = role
      ? usb.find((one) => one.role === role && plant.attached(role))
      : present().find(({ index }) => index === number("camera", 0));
    if (!camera) {
      response.writeHead(404).end();
      return;
    }
    const [width, height] = [number("width", 640), number("height", 480)];
    const frame = () => plant.picture(camera.role, width, height);
    const silent = () => plant.cameraFault(camera.role) === "silent";
    // A camera that gives no pictures answers nothing; the program waits for ever, as the real one does.
    if (url.pathname === "/still") {
      if (!silent()) response.writeHead(200, { "content-type": "image/jpeg" }).end(await frame());
      return;
    }
    if (url.pathname !== "/stream") {
      response.writeHead(404).end();
      return;
    }
    const pauseMs = 1_000 / Math.min(30, Math.max(1, number("framerate", 10)));
    response.writeHead(200, { "content-type": "video/x-motion-jpeg" });
    response.flushHeaders();
    while (!response.destroyed && !stopped.signal.aborted && plant.attached(camera.role)) {
      const started = clock.mono();
      if (!silent() && !response.write(await frame())) {
        await new Promise<void>((resolve) => {
          const go = () => {
            response.off("drain", go);
            response.off("close", go);
            resolve();
          };
          response.once("drain", go);
          response.once("close", go);
        });
      }
      await clock.sleep(Math.max(1, pauseMs - (clock.mono() - started)), stopped.signal);
    }
    response.end();
  }

  let listed: string | undefined;
  const list = () => {
    const now = listing(present());
    if (now !== listed) writeFileSync(listOf(socket), now);
    listed = now;
  };
  list();
  const unheard = plant.onChange(list);

  rmSync(socket, { force: true });
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  return {
    async stop() {
      stopped.abort();
      unheard();
      rmSync(listOf(socket), { force: true });
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
