import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "../../../drivers/kit/index.ts";
import type { GpioFactory } from "../../../drivers/ports/index.ts";
import type { Board } from "../../../provisioning/index.ts";
import type { Agent } from "../agent.ts";
import { StickPort } from "./port.ts";
import { connectReader, spawnReader } from "./reader.ts";
import { Signals, type Switch } from "./signals.ts";
import { StickSlot } from "./slot.ts";

export { StickPort } from "./port.ts";

export interface StickOptions {
  state: string;
  agent: Agent;
  /** Where the stick's node appears. */
  node: string;
  /** Socket behind which systemd starts the reader; a child of this process when absent. */
  reader?: string | undefined;
  /** The reader's program; beside this process's own when absent. */
  program?: string;
  board: Board;
  gpio: GpioFactory;
  clock?: Clock;
}

/** The port for sticks of a unit, whole: node, reader, agent, screen, light and sounder. */
export async function openStickSlot(options: StickOptions): Promise<{ stop(): Promise<void> }> {
  const { state, agent, node, reader, board, gpio, clock = systemClock } = options;
  const program = options.program ?? join(dirname(fileURLToPath(import.meta.url)), "stick.cjs");
  const output = async (line: Board["light"]): Promise<Switch | undefined> => {
    if (!line) return undefined;
    const opened = await gpio.output(line, { activeLow: line.activeLow, initial: 0 });
    return (on) => opened.write(on ? 1 : 0);
  };
  const signals = new Signals(
    { light: await output(board.light), sounder: await output(board.sounder) },
    clock,
  );
  const port = new StickPort({
    state,
    agent,
    start: reader ? connectReader(reader) : spawnReader(program),
    clock,
    signal: (notice) => signals.show(notice),
  });
  await port.clear();
  const slot = new StickSlot(node, port);
  slot.start();
  return {
    stop: async () => {
      slot.stop();
      await signals.stop();
    },
  };
}
