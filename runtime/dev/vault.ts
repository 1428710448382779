import { startWatchdog } from "../ipc/index.ts";
import { startVault } from "../vault/index.ts";
import { benchPorts, killAtStep, stateArgument, stopOnSignal } from "./bench-ports.ts";

startWatchdog({ deadlineMs: 5_000 });
const vault = await startVault({ state: stateArgument(), ports: await benchPorts(), step: killAtStep });
stopOnSignal(() => vault.stop());
