import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { VERSION } from "../../drivers/kit/index.ts";
import { runProcess } from "../ipc/index.ts";
import { startCore } from "./core.ts";
import { openPanel } from "./screen/panel.ts";

/** Wires the core of a real unit. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: core --state DIR");
  const assets = join(dirname(fileURLToPath(import.meta.url)), "page");
  const panel = openPanel(state);
  await runProcess({
    name: "core",
    state,
    deadlineMs: 10_000,
    start: async () => {
      const core = await startCore({ state, assets, version: VERSION, ...panel });
      panel?.serves(core.url);
      console.log(JSON.stringify({ ready: "screen", ...(panel ? {} : { url: core.url }) }));
      return core;
    },
  });
}
