import { type Clock, systemClock } from "../../drivers/kit/index.ts";
import { unitTrial } from "../../provisioning/activate/index.ts";
import { askHealth } from "../ipc/index.ts";
import { Agent, isQuiet, reportOf, whenQuiet } from "../provisioner/index.ts";

interface Processes {
  restart(): Promise<void>;
}

/** The agent of the unit that `make run` brings up: its processes are restarted by the launcher. */
export const openAgent = (
  state: string,
  unit: () => Processes | undefined,
  clock: Clock = systemClock,
): Promise<Agent> =>
  Agent.open({
    state,
    clock,
    trial: unitTrial({ restart: async () => unit()?.restart(), health: () => askHealth(state), clock }),
    isQuiet: () => isQuiet(state),
    quiet: (signal) => whenQuiet(state, clock, signal),
    report: () => reportOf(state),
  });
