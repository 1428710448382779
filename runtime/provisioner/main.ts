import { parseArgs } from "node:util";
import { isFault, systemClock } from "../../drivers/kit/index.ts";
import { systemPorts } from "../../drivers/ports/index.ts";
import type { Changer } from "../../provisioning/activate/index.ts";
import { readBoard } from "../../provisioning/index.ts";
import { runProcess } from "../ipc/index.ts";
import { Agent } from "./agent.ts";
import { isQuiet, reportOf, whenQuiet } from "./health.ts";
import { refuseStranger } from "./owner.ts";
import { openBoardSlot } from "./stick/index.ts";
import { systemdTrial } from "./systemd.ts";

const USAGE =
  "usage: provisioner --state DIR [--stick NODE [--reader SOCKET] [--board FILE]] [--take FOLDER]";

/**
 * The provisioner of a real unit, to be started before its other processes: ends what a cut has left, then takes what comes
 * over the link and, with `--stick`, from the service port. With `--take` it takes the bundles of one folder, says what
 * became of each, and ends with 0 when all were taken.
 */
export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      take: { type: "string" },
      stick: { type: "string" },
      reader: { type: "string" },
      board: { type: "string", default: "/etc/guichet/board.json" },
    },
  });
  const { state, take, stick: node, reader } = values;
  if (!state) throw new TypeError(USAGE);
  // What is wrong with it is said by who opens the port for sticks.
  const board = await readBoard(values.board);
  const open = (by: Changer) =>
    Agent.open({
      state,
      by,
      board: board.ok ? board.value : undefined,
      trial: systemdTrial(state, systemClock),
      isQuiet: () => isQuiet(state),
      quiet: (signal) => whenQuiet(state, systemClock, signal),
      report: () => reportOf(state),
    });
  if (take !== undefined) {
    const reports = await refuseStranger(state)
      .then(() => open("hand"))
      .then((agent) => agent.take(take))
      .catch((error: unknown) => {
        if (!isFault(error)) throw error;
        console.log(JSON.stringify(error.toJSON()));
        return [];
      });
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
      const agent = await open("service");
      agent.start();
      const slot =
        node === undefined
          ? undefined
          : await openBoardSlot(values.board, { state, agent, node, reader, gpio: systemPorts().gpio });
      console.log(JSON.stringify({ ready: "provisioner" }));
      return { stop: async () => void (await Promise.all([slot?.stop(), agent.stop()])) };
    },
  });
}
