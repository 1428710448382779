import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { err, type Fault, parseJson, type Result } from "../drivers/kit/index.ts";
import { bundleFault } from "./bundle/faults.ts";
import { type UnitConfiguration, UnitConfigurationSchema } from "./unit-configuration.ts";

/** The active configuration of a unit, checked again at each start. */
export async function readConfiguration(state: string): Promise<Result<UnitConfiguration, Fault>> {
  const text = await readFile(join(state, "config", "unit.json"), "utf8").catch(() => undefined);
  if (text === undefined) return err(bundleFault("missingFile", { path: "config/unit.json" }));
  return parseJson(UnitConfigurationSchema, text, "unit.json");
}
