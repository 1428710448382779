import { isFault, setLog } from "../../drivers/kit/index.ts";

/**
 * For a worker that plays a vault by the thousand in virtual time: says nothing unless it is traced, and gathers rejections
 * that nobody handled.
 * @param traced level of the lines that a traced run prints; undefined for silence
 */
export function watchStrays(traced?: "debug" | "warn"): { begin(): void; end(): Promise<string[]> } {
  setLog(
    traced
      ? { level: traced, sink: (line) => console.log(JSON.stringify(line)) }
      : { level: "error", sink: () => undefined },
  );
  // Faults are made by the thousand, and writing down where each came from takes a good part of the time.
  if (!traced) Error.stackTraceLimit = 0;
  let strays: string[] = [];
  process.on("unhandledRejection", (error) => {
    // A vault whose disk broke has ended itself before Node could tell of this.
    if (!isFault(error, "store.dead"))
      strays.push(`nobody handled: ${error instanceof Error ? error.stack : error}`);
  });
  return {
    begin: () => {
      strays = [];
    },
    end: async () => {
      // One turn of Node's own event loop, in which it tells of rejections; promise jobs cannot be run from within one.
      await new Promise<void>((resolve) => setImmediate(resolve));
      return strays;
    },
  };
}
