import type { Clock } from "../../drivers/kit/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";

const ASK_MS = 3_000;
/** As long as a person may stand before the screen until a bundle from the link is tried all the same, ms. */
const QUIET_MS = 15 * 60_000;
const LOOK_MS = 1_000;

/** What `/healthz` of the active configuration's screen says; rejects while there is none. */
export async function askHealth(state: string): Promise<unknown> {
  const configuration = await readConfiguration(state);
  if (!configuration.ok) throw configuration.error;
  const address = `http://127.0.0.1:${configuration.value.screen.port}/healthz`;
  return (await fetch(address, { signal: AbortSignal.timeout(ASK_MS) })).json();
}

/** Resolves when nobody is in a visit, after a quarter of an hour all the same, or when `signal` aborts. */
export async function whenQuiet(state: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const end = clock.mono() + QUIET_MS;
  const visited = async () =>
    ((await askHealth(state).catch(() => ({}))) as { state?: string }).state === "visit";
  while (clock.mono() < end && !signal.aborted && (await visited())) await clock.sleep(LOOK_MS, signal);
}
