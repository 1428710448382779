import { endWedged, startWatchdog } from "../ipc/index.ts";
import { startSenses } from "../senses/index.ts";
import { benchPorts, stateArgument, stopOnSignal } from "./bench-ports.ts";

/** The senses of a unit on the bench. */
export async function main(): Promise<void> {
  startWatchdog({ deadlineMs: 5_000 });
  const senses = await startSenses({
    state: stateArgument(),
    ports: await benchPorts(),
    onWedged: endWedged,
  });
  stopOnSignal(() => senses.stop());
}
