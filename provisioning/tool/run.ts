import { isFault } from "../../drivers/kit/index.ts";
import type { Command } from "./command.ts";
import { inspect, make, sign, verify } from "./commands/bundles.ts";
import { keys, keyset, newkey } from "./commands/keys.ts";
import { read, write } from "./commands/sticks.ts";
import { toolFault } from "./faults.ts";
import { Options } from "./options.ts";
import { explain } from "./words.ts";

const COMMANDS: Record<string, Command> = { keys, newkey, keyset, make, sign, inspect, verify, write, read };

/** Where the tool writes: answers and mistakes apart. */
export interface Output {
  out(line: string): void;
  error(line: string): void;
}

const help = ({ out }: Output): void => {
  out("guichet-provision: make, sign and check what a unit takes from a stick or over the link\n");
  for (const { usage, does } of Object.values(COMMANDS)) out(`  guichet-provision ${usage}\n      ${does}\n`);
};

/** @returns 0 when it was done, 1 when the answer is no or a mistake was made; every mistake is explained */
export async function provision(argv: readonly string[], output: Output): Promise<0 | 1> {
  const [name = "help", ...rest] = argv;
  if (["help", "--help", "-h"].includes(name)) {
    help(output);
    return 0;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw toolFault("unknownCommand", { command: name.slice(0, 40) });
    return (await command.run(new Options(rest, command.options), output.out)) === false ? 1 : 0;
  } catch (error) {
    if (!isFault(error)) throw error;
    for (const line of explain(error)) output.error(line);
    return 1;
  }
}
