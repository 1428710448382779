import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { AnyModule } from "../../drivers/conformance/index.ts";

export interface Change {
  /** Below `drivers/`. */
  file: string;
  from: string;
  to: string;
}

const folder = mkdtempSync(join(tmpdir(), "guichet-changed-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let made = 0;

/** A driver with some places of its source replaced, each there exactly once; it shares kit, contract and ports with all others. */
export async function changedDriver(driver: string, changes: readonly Change[]): Promise<AnyModule> {
  const outfile = join(folder, `changed-${++made}.mjs`);
  const left = new Set(changes);
  await build({
    entryPoints: [join("drivers", driver.replace(".", "/"), "index.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "changed",
        setup: (b) => {
          b.onResolve({ filter: /\/(kit|contract|ports)\/index\.ts$/ }, ({ path, resolveDir }) => ({
            path: pathToFileURL(resolve(resolveDir, path)).href,
            external: true,
          }));
          b.onLoad({ filter: /\/drivers\/.*\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, "utf8");
            for (const change of changes) {
              if (!path.endsWith(`/drivers/${change.file}`)) continue;
              if (contents.split(change.from).length !== 2)
                throw new Error(`${change.file} has no such place`);
              contents = contents.replace(change.from, () => change.to);
              left.delete(change);
            }
            return { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  if (left.size > 0) throw new Error("a change has not found its file");
  return (await import(pathToFileURL(outfile).href)) as AnyModule;
}
