import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemPorts } from "../../drivers/ports/index.ts";
import { startVault } from "../../runtime/vault/index.ts";

/**
 * The real vault with its real serial port, which at the step that `GUICHET_KILL_AT` names kills by SIGKILL whom
 * `GUICHET_KILL` names: itself (as without it), `core`, whose number is in a file of the unit, or `both`.
 */
const [state = ""] = process.argv.slice(2);
const { GUICHET_KILL_AT: at, GUICHET_KILL: whom = "vault" } = process.env;
let killed = false;
await startVault({
  state,
  ports: systemPorts(),
  limits: {
    ...{ unlatch: 700, doorOpen: 60_000, pollLatch: 25, pollDoor: 25 },
    ...{ take: 2_000, insert: 2_000, pollPath: 25 },
  },
  step: (name) => {
    if (at !== name || killed) return;
    killed = true;
    if (whom !== "vault")
      process.kill(Number(readFileSync(join(state, "run", "core.pid"), "utf8")), "SIGKILL");
    if (whom !== "core") process.kill(process.pid, "SIGKILL");
  },
});
