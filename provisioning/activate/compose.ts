import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { err, type Fault, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import type { BundleKind } from "../bundle/manifest.ts";
import { piecesOf } from "../bundle/source.ts";
import { type UnitConfiguration, UnitConfigurationSchema } from "../unit-configuration.ts";
import { type Generation, generationFolder, type Standing } from "./layout.ts";
import type { Chosen } from "./select.ts";

/** One file of the next generation. */
export interface Piece {
  path: string;
  bytes(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Which files of a generation come from a bundle of which kind. */
const OWNS: Record<BundleKind, RegExp> = {
  keys: /^(keys\.json|heads\/keys\.json)$/,
  claim: /^(claim\.json|heads\/claim\.json)$/,
  certificates: /^((tls|ca)\.crt|heads\/certificates\.json)$/,
  content: /^(services\/.*|texts\/.*|heads\/content\.json)$/,
  configuration: /^(unit\.json|heads\/configuration\.json)$/,
  software: /^heads\/software\.json$/,
  // `unconfigure` takes away what makes the unit serve; name, keys and certificate stay.
  command: /^(unit\.json|services\/.*|texts\/.*|heads\/(command|content|configuration)\.json)$/,
};

/** Every file of the next generation: the committed one with the chosen bundles in place of what they replace. */
export async function compose(
  state: string,
  standing: Standing,
  after: Standing,
  chosen: readonly Chosen[],
  generation: number,
): Promise<Map<string, Piece>> {
  const pieces = new Map<string, Piece>();
  if (standing.generation > 0) {
    const folder = generationFolder(state, standing.generation);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(entry.parentPath, entry.name);
      const path = relative(folder, from);
      pieces.set(path, { path, bytes: () => createReadStream(from) });
    }
  }
  const put = (path: string, bytes: Piece["bytes"]) => pieces.set(path, { path, bytes });
  for (const { manifest, head, source, contentAt } of chosen) {
    for (const path of [...pieces.keys()]) if (OWNS[manifest.kind].test(path)) pieces.delete(path);
    let at = contentAt;
    for (const { path, size } of manifest.files) {
      const from = at;
      put(path, () => piecesOf(source, from, size));
      at += size;
    }
    if (manifest.kind === "keys") put("keys.json", () => [Buffer.from(JSON.stringify(manifest.keys))]);
    put(`heads/${manifest.kind}.json`, () => [Buffer.from(JSON.stringify(head))]);
  }
  const { counters, bundles } = after;
  const record: Generation = { v: 1, generation, counters, bundles } as Generation;
  put("generation.json", () => [Buffer.from(JSON.stringify(record))]);
  return pieces;
}

/**
 * The dry run: what the unit's processes would find wrong with these files when they start with them. A unit without
 * `unit.json` is unconfigured, which is a state and no fault.
 */
export async function dryRun(
  pieces: ReadonlyMap<string, Piece>,
  after: Standing,
): Promise<Result<UnitConfiguration | undefined, Fault>> {
  const unitFile = pieces.get("unit.json");
  if (!unitFile) return ok(undefined);
  if (!after.claim) return err(bundleFault("unclaimed"));
  const parts: Uint8Array[] = [];
  for await (const part of unitFile.bytes()) parts.push(part);
  const parsed = parseJson(UnitConfigurationSchema, Buffer.concat(parts).toString("utf8"), "unit.json");
  if (!parsed.ok) return parsed;
  const { unit, site, services } = parsed.value;
  if (unit !== after.claim.unit || site !== after.claim.site)
    return err(bundleFault("notForThisUnit", { unit: after.claim.unit, site: after.claim.site }));
  for (const service of services) {
    const path = `services/${service}/service.json`;
    if (!pieces.has(path)) return err(bundleFault("missingFile", { path }));
  }
  return parsed;
}
