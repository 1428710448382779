import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { err, type Fault, type Result } from "../drivers/kit/index.ts";
import { bundleFault } from "./bundle/faults.ts";
import { parseConfiguration } from "./unit-check.ts";
import type { UnitConfiguration } from "./unit-configuration.ts";

/** The active configuration of a unit, checked again at each start. */
export async function readConfiguration(state: string): Promise<Result<UnitConfiguration, Fault>> {
  const text = await readFile(join(state, "config", "unit.json"), "utf8").catch(() => undefined);
  if (text === undefined) return err(bundleFault("missingFile", { path: "config/unit.json" }));
  return parseConfiguration(text);
}
