import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { type Clock, systemClock } from "../../drivers/kit/index.ts";

/** Listens on a Unix socket that only this user and group can open; a leftover of a former life is removed. */
export function listenUnix(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const server = createServer(onConnection);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

/** Connects to a Unix socket, trying again every 10 ms to 500 ms until it is there or `signal` aborts. */
export async function connectUnix(
  path: string,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<Socket | undefined> {
  let wait = 10;
  while (!signal.aborted) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const attempt = connect(path);
      attempt.once("connect", () => resolve(attempt));
      attempt.once("error", () => resolve(undefined));
    });
    if (socket) return socket;
    await clock.sleep(wait, signal);
    wait = Math.min(wait * 1.5, 500);
  }
  return undefined;
}
