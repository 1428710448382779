import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import * as assert from "uvu/assert";
import { type Edit, edited } from "../../tools/edited.ts";

export type { Edit } from "../../tools/edited.ts";

const folder = mkdtempSync(join(tmpdir(), "guichet-edited-"));
symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let made = 0;

/**
 * Bundles a module with some places of its sources, or of what it imports, replaced: each there exactly once.
 * @returns the bundle's file, which is there as long as this process lives
 */
export async function buildEdited(
  entry: string,
  edits: readonly Edit[],
  plugins: Plugin[] = [],
): Promise<string> {
  const outfile = join(folder, `edited-${++made}.mjs`);
  const applied = new Set<Edit>();
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: [...plugins, edited(edits, applied)],
  });
  assert.is(applied.size, edits.length, "every edit has its file");
  return outfile;
}

/** The module that `buildEdited` makes. */
export async function importEdited<M>(
  entry: string,
  edits: readonly Edit[],
  plugins: Plugin[] = [],
): Promise<M> {
  return (await import(pathToFileURL(await buildEdited(entry, edits, plugins)).href)) as M;
}
