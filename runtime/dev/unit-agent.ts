import { type Clock, systemClock } from "../../drivers/kit/index.ts";
import { unitTrial } from "../../provisioning/activate/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { Agent } from "../provisioner/index.ts";

/** As long as a person may stand before the screen until a bundle from the link is tried all the same, ms. */
const QUIET_MS = 15 * 60_000;
const LOOK_MS = 1_000;
const ASK_MS = 3_000;

interface Processes {
  restart(): Promise<void>;
}

/** The agent of the unit that `make run` brings up: its processes are restarted by the launcher. */
export async function openAgent(
  state: string,
  unit: () => Processes | undefined,
  clock: Clock = systemClock,
): Promise<Agent> {
  const health = async (): Promise<{ state?: string }> => {
    const configuration = await readConfiguration(state);
    if (!configuration.ok) throw configuration.error;
    const address = `http://127.0.0.1:${configuration.value.screen.port}/healthz`;
    return (await (await fetch(address, { signal: AbortSignal.timeout(ASK_MS) })).json()) as {
      state?: string;
    };
  };
  return Agent.open({
    state,
    clock,
    trial: unitTrial({ restart: async () => unit()?.restart(), health }),
    quiet: async (signal) => {
      const end = clock.mono() + QUIET_MS;
      const visited = async () => (await health().catch(() => ({ state: undefined }))).state === "visit";
      while (clock.mono() < end && !signal.aborted && (await visited())) await clock.sleep(LOOK_MS, signal);
    },
  });
}
