import { get } from "node:http";
import { socketOf } from "./socket.ts";

const ASK_MS = 3_000;

/** What `/healthz` of the core says, over its socket: who asks needs no network. Rejects while there is none. */
export function askHealth(state: string): Promise<unknown> {
  const socketPath = socketOf(state, "core");
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: "/healthz", timeout: ASK_MS }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString("utf8")));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on("timeout", () => request.destroy(new Error("late")));
    request.on("error", reject);
  });
}
