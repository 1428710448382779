import { parseArgs } from "node:util";
import { systemPorts } from "../../drivers/ports/index.ts";
import { endWedged, startWatchdog } from "../ipc/index.ts";
import { startVault } from "./vault.ts";

/** Wires the vault of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  if (!values.state) throw new TypeError("usage: vault --state DIR");
  startWatchdog({ deadlineMs: 5_000 });
  const vault = await startVault({ state: values.state, ports: systemPorts(), onWedged: endWedged });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void vault.stop().then(() => process.exit(0)));
  }
}
