import { setLog } from "../../../drivers/kit/index.ts";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";

/** The real vault on its own, traced; what it tells the core and what goes to the lock is in the trace. */
const [state = "", mutant] = process.argv.slice(2);
// The line that is logged right before the core is told an outcome.
setLog({
  sink: ({ event, effect, phase, outcome }) => {
    if (event === "vault.handover" && phase === "done")
      process.stdout.write(`MARK told ${effect} ${outcome}\n`);
  },
});
const vault = await startVault({
  state,
  ports: systemPorts(),
  limits: { unlatch: 2_000, doorOpen: 5_000, pollLatch: 40, pollDoor: 40 },
  step: (name) => process.stdout.write(`MARK step ${name}\n`),
  ...(mutant === "NORMAL" ? { synchronousForMutant: "NORMAL" as const } : {}),
});
// Ends when its input does: strace keeps signals to itself.
process.stdin.resume().once("end", () => void vault.stop().then(() => process.exit(0)));
