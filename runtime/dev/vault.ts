import { endWedged, startWatchdog } from "../ipc/index.ts";
import { startVault } from "../vault/index.ts";
import { benchPorts, killAtStep, stateArgument, stopOnSignal } from "./bench-ports.ts";

/** The vault of a unit on the bench. */
export async function main(): Promise<void> {
  startWatchdog({ deadlineMs: 5_000 });
  const vault = await startVault({
    state: stateArgument(),
    ports: await benchPorts(),
    onWedged: endWedged,
    step: killAtStep,
  });
  stopOnSignal(() => vault.stop());
}
