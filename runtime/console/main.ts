import { parseArgs } from "node:util";
import { systemClock } from "../../drivers/kit/index.ts";
import { runProcess } from "../ipc/index.ts";
import { Console } from "./console.ts";

/** The page on the bare console of a unit, on standard output. Called by what `tools/build.ts` puts before the bundle. */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: console --state DIR");
  await runProcess({
    name: "console",
    state,
    deadlineMs: 10_000,
    start: async () => {
      const page = new Console({ state, clock: systemClock, write: (text) => process.stdout.write(text) });
      page.start();
      return page;
    },
  });
}
