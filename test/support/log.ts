import { setLog } from "../../drivers/kit/index.ts";
import type { TestContext } from "../kit.ts";

type Line = Parameters<NonNullable<Parameters<typeof setLog>[0]["sink"]>>[0];

/** What is told from now on until the test is over, from this level on, instead of being printed. */
export function heard(
  t: Pick<TestContext, "after">,
  level: "debug" | "info" | "warn" | "error" = "info",
): Line[] {
  const lines: Line[] = [];
  setLog({ level, sink: (line) => lines.push(line) });
  t.after(() =>
    setLog({ level: "error", sink: (line) => process.stderr.write(`${JSON.stringify(line)}\n`) }),
  );
  return lines;
}
