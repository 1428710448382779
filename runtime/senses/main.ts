import { parseArgs } from "node:util";
import { systemPorts } from "../../drivers/ports/index.ts";
import { endWedged, runProcess } from "../ipc/index.ts";
import { startSenses } from "./senses.ts";

/** Wires the senses of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: senses --state DIR");
  await runProcess({
    name: "senses",
    state,
    deadlineMs: 5_000,
    start: () => startSenses({ state, ports: systemPorts(), onWedged: endWedged }),
  });
}
