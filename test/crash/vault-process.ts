import { systemPorts } from "../../drivers/ports/index.ts";
import { startVault } from "../../runtime/vault/index.ts";

/** The real vault with its real serial port, which ends itself by SIGKILL at the step that `GUICHET_KILL_AT` names. */
const [state = ""] = process.argv.slice(2);
await startVault({
  state,
  ports: systemPorts(),
  limits: { unlatch: 700, doorOpen: 60_000, pollLatch: 25, pollDoor: 25 },
  step: (name) => {
    if (process.env.GUICHET_KILL_AT === name) process.kill(process.pid, "SIGKILL");
  },
});
