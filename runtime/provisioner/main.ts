import { parseArgs } from "node:util";
import { systemClock } from "../../drivers/kit/index.ts";
import { runProcess } from "../ipc/index.ts";
import { Agent } from "./agent.ts";
import { whenQuiet } from "./health.ts";
import { systemdTrial } from "./systemd.ts";

const USAGE = "usage: provisioner --state DIR [--take FOLDER]";

/**
 * The provisioner of a real unit, to be started before its other processes: ends what a cut has left, then takes what comes
 * over the link. With `--take` it takes the bundles of one folder, says what became of each, and ends.
 */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { state: { type: "string" }, take: { type: "string" } } });
  const { state, take } = values;
  if (!state) throw new TypeError(USAGE);
  const open = () =>
    Agent.open({
      state,
      trial: systemdTrial(state, systemClock),
      quiet: (signal) => whenQuiet(state, systemClock, signal),
    });
  if (take !== undefined) {
    const reports = await (await open()).take(take);
    for (const { file, result } of reports)
      console.log(
        JSON.stringify({ file, ...(result.ok ? { taken: result.value.id } : result.error.toJSON()) }),
      );
    process.exitCode = reports.length > 0 && reports.every(({ result }) => result.ok) ? 0 : 1;
    return;
  }
  await runProcess({
    name: "provisioner",
    state,
    deadlineMs: 10_000,
    start: async () => {
      const agent = await open();
      agent.start();
      console.log(JSON.stringify({ ready: "provisioner" }));
      return agent;
    },
  });
}
