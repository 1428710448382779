import { deviceFault } from "../../drivers/contract/index.ts";
import { type Clock, err, ok, type Result } from "../../drivers/kit/index.ts";
import type { CameraView } from "./camera-view.ts";
import type { Vision } from "./vision/index.ts";

const MAX_FAILURES = 3;

/**
 * Looks through a camera until a code is seen. A frame that comes while one is being read is dropped for the newest, so
 * that a slow machine looks at now. Ends with `device.timeoutUser` or `device.canceled`.
 */
export async function scanCode(
  view: Pick<CameraView, "watch" | "leave">,
  vision: Pick<Vision, "read">,
  clock: Clock,
  options: { userTimeMs: number; signal: AbortSignal },
): Promise<Result<string>> {
  const who = Symbol("scan");
  const timer = new AbortController();
  let newest: Uint8Array | undefined;
  let reading = false;
  let failures = 0;
  try {
    return await new Promise<Result<string>>((resolve) => {
      const canceled = () => resolve(err(deviceFault("canceled")));
      if (options.signal.aborted) return canceled();
      options.signal.addEventListener("abort", canceled, { once: true, signal: timer.signal });
      void clock.sleep(options.userTimeMs, timer.signal).then(() => resolve(err(deviceFault("timeoutUser"))));
      const look = async (): Promise<void> => {
        if (reading) return;
        reading = true;
        while (newest && !timer.signal.aborted && !options.signal.aborted) {
          const jpeg = newest;
          newest = undefined;
          const read = await vision.read(jpeg);
          if (read.ok && read.value !== undefined) resolve(ok(read.value));
          // One broken frame is nothing; a helper that cannot run is told, not started for ever.
          failures = read.ok ? 0 : failures + 1;
          if (!read.ok && failures >= MAX_FAILURES) return resolve(read);
        }
        reading = false;
      };
      view.watch(who, (jpeg) => {
        newest = Uint8Array.from(jpeg);
        void look();
      });
    });
  } finally {
    newest = undefined;
    timer.abort();
    view.leave(who);
  }
}
