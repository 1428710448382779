import { parseArgs } from "node:util";
import { systemPorts } from "../../drivers/ports/index.ts";
import { endWedged, startWatchdog } from "../ipc/index.ts";
import { startSenses } from "./senses.ts";

/** Wires the senses of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  if (!values.state) throw new TypeError("usage: senses --state DIR");
  startWatchdog({ deadlineMs: 5_000 });
  const senses = await startSenses({ state: values.state, ports: systemPorts(), onWedged: endWedged });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void senses.stop().then(() => process.exit(0)));
  }
}
