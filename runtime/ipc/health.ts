import { get } from "node:http";
import { type Clock, systemClock } from "../../drivers/kit/index.ts";
import { socketOf } from "./socket.ts";

/** An answer takes no longer than this, however busily it comes, ms, and is no larger, bytes. */
const ASK_MS = 3_000;
const MOST_BYTES = 256 * 1024;

/**
 * What `/healthz` of the core says, over its socket: who asks needs no network. Rejects while there is none, and when the
 * core, which is not believed here, does not come to an end.
 */
export function askHealth(state: string, clock: Clock = systemClock): Promise<unknown> {
  const socketPath = socketOf(state, "core");
  const over = new AbortController();
  const answer = new Promise<unknown>((resolve, reject) => {
    const request = get({ socketPath, path: "/healthz" }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > MOST_BYTES) request.destroy(new Error("too long"));
        else parts.push(part);
      });
      response.on("error", reject);
      response.on("end", () => {
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString("utf8")));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on("error", reject);
    void clock.sleep(ASK_MS, over.signal).then(() => {
      if (!over.signal.aborted) request.destroy(new Error("late"));
    });
  });
  return answer.finally(() => over.abort());
}
