import type { Clock } from "../../drivers/kit/index.ts";
import { askHealth } from "../ipc/index.ts";

/** As long as a person may stand before the screen until a bundle from the link is tried all the same, ms. */
const QUIET_MS = 15 * 60_000;
const LOOK_MS = 1_000;

/** Resolves when nobody is in a visit, after a quarter of an hour all the same, or when `signal` aborts. */
export async function whenQuiet(state: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const end = clock.mono() + QUIET_MS;
  const visited = async () =>
    ((await askHealth(state).catch(() => ({}))) as { state?: string }).state === "visit";
  while (clock.mono() < end && !signal.aborted && (await visited())) await clock.sleep(LOOK_MS, signal);
}
