import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../../drivers/kit/index.ts";

/** Where a process of the unit listens: a folder of its own each, so that none can take another's place. */
export const socketOf = (state: string, process: "core" | "vault" | "senses"): string =>
  join(state, "run", process, "socket");

/** The core, a technician's command or two and the package's scripts: whoever opens more has no need of them. */
const MAX_CONNECTIONS = 8;

/** Listens on a Unix socket that only this user and the folder's group can open; a leftover of a former life is removed. */
export function listenUnix<T extends Server = Server>(
  path: string,
  serve: T | ((socket: Socket) => void),
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const server = typeof serve === "function" ? (createServer(serve) as T) : serve;
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      // Whatever the umask was: closed until here, and to all others for ever.
      chmodSync(path, 0o660);
      resolve(server);
    });
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
