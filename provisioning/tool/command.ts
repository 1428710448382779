import type { Options } from "./options.ts";

/** One command of the tool. It throws a Fault for every mistake. */
export interface Command {
  usage: string;
  does: string;
  /** Names of its options, without the dashes. */
  options: readonly string[];
  /** Resolves with false when its answer is no. */
  run(options: Options, out: (line: string) => void): Promise<unknown>;
}
