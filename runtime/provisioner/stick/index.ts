import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, defineEvents, systemClock } from "../../../drivers/kit/index.ts";
import type { GpioFactory } from "../../../drivers/ports/index.ts";
import { type Board, readBoard } from "../../../provisioning/index.ts";
import type { Agent } from "../agent.ts";
import { StickPort } from "./port.ts";
import { connectReader, spawnReader } from "./reader.ts";
import { Signals, type Switch, silent } from "./signals.ts";
import { StickSlot } from "./slot.ts";

export { StickPort } from "./port.ts";

const log = defineEvents("board", {
  noSlot: {
    level: "error",
    what: "What the maker has written of the board cannot be read; the unit serves without its port for sticks",
    fields: [],
  },
});

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
  const output = async (part: "light" | "sounder"): Promise<Switch | undefined> => {
    const line = board[part];
    if (!line) return undefined;
    try {
      const opened = await gpio.output(line, { activeLow: line.activeLow, initial: 0 });
      return (on) => opened.write(on ? 1 : 0);
    } catch (error) {
      return silent(part, error);
    }
  };
  const signals = new Signals({ light: await output("light"), sounder: await output("sounder") }, clock);
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

/**
 * The same, by the maker's `board.json`. A mistake in it keeps no unit from serving: it goes without a port for sticks, and
 * says so. The gate of the USB bus stays shut by itself then.
 */
export async function openBoardSlot(
  file: string,
  options: Omit<StickOptions, "board">,
): Promise<{ stop(): Promise<void> } | undefined> {
  const board = await readBoard(file);
  if (board.ok) return openStickSlot({ ...options, board: board.value });
  log("noSlot", {}, board.error);
  await options.agent.note(board.error);
  return undefined;
}
