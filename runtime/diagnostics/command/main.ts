import { runCommand } from "./devices.ts";
import { runUpkeep } from "./upkeep.ts";

/** `guichet …` on a unit. */
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
// Somebody who reads only the first lines (head) is no error.
process.stdout.on("error", () => process.exit(0));
const argv = process.argv.slice(2);
const run = ["rest", "items", "waiting"].includes(argv[0] ?? "") ? runUpkeep : runCommand;
process.exitCode = await run(
  argv,
  { line: (text) => process.stdout.write(`${text}\n`), trouble: (text) => process.stderr.write(`${text}\n`) },
  stop.signal,
);
