import { parseArgs } from "node:util";
import { systemPorts } from "../../drivers/ports/index.ts";
import { endWedged, runProcess } from "../ipc/index.ts";
import { startVault } from "./vault.ts";

/** Wires the vault of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: vault --state DIR");
  await runProcess({
    name: "vault",
    state,
    deadlineMs: 5_000,
    start: () => startVault({ state, ports: systemPorts(), onWedged: endWedged }),
  });
}
