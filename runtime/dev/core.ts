import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setLog, VERSION } from "../../drivers/kit/index.ts";
import { startCore } from "../core/index.ts";
import { startWatchdog } from "../ipc/index.ts";
import { stateArgument, stopOnSignal } from "./bench-ports.ts";

/** The core of a unit on the bench. */
export async function main(): Promise<void> {
  if (process.env.GUICHET_LOG === "error") setLog({ level: "error" });
  startWatchdog({ deadlineMs: 10_000 });
  const assets = join(dirname(fileURLToPath(import.meta.url)), "page");
  const core = await startCore({
    state: stateArgument(),
    assets,
    version: VERSION,
    backoff: [200, 2_000],
    telemetryPeriodMs: 10_000,
    patienceMs: 3_000,
  });
  console.log(JSON.stringify({ ready: "screen", url: core.url }));
  stopOnSignal(() => core.stop());
}
