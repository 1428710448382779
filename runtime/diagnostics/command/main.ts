import { runCommand } from "./devices.ts";

/** `guichet …` on a unit. */
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
// Somebody who reads only the first lines (head) is no error.
process.stdout.on("error", () => process.exit(0));
process.exitCode = await runCommand(
  process.argv.slice(2),
  { line: (text) => process.stdout.write(`${text}\n`), trouble: (text) => process.stderr.write(`${text}\n`) },
  stop.signal,
);
