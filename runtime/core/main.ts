import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { VERSION } from "../../drivers/kit/index.ts";
import { startWatchdog } from "../ipc/index.ts";
import { startCore } from "./core.ts";

/** Wires the core of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  if (!values.state) throw new TypeError("usage: core --state DIR");
  startWatchdog({ deadlineMs: 10_000 });
  const assets = join(dirname(fileURLToPath(import.meta.url)), "page");
  const core = await startCore({ state: values.state, assets, version: VERSION });
  console.log(JSON.stringify({ ready: "screen", url: core.url }));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void core.stop().then(() => process.exit(0)));
  }
}
