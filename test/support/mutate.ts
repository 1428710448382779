import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import type { startVault } from "../../runtime/vault/index.ts";
import type { TestContext } from "../kit.ts";

/** One place of the vault's source that a mutant replaces. */
export interface Edit {
  file: string;
  from: string;
  to: string;
}

const folder = mkdtempSync(join(tmpdir(), "guichet-mutants-"));
symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** The vault with some places of its source replaced. Each place must be there exactly once. */
export async function mutate(name: string, edits: readonly Edit[]): Promise<typeof startVault> {
  const outfile = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.mjs`);
  const applied = new Set<Edit>();
  await build({
    entryPoints: ["runtime/vault/index.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "mutant",
        setup: (b) =>
          b.onLoad({ filter: /runtime\/vault\/[\w-]+\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, "utf8");
            for (const edit of edits) {
              if (!path.endsWith(`/${edit.file}`)) continue;
              assert.is(
                contents.split(edit.from).length,
                2,
                `${edit.file} has exactly one place for: ${edit.from}`,
              );
              contents = contents.replace(edit.from, () => edit.to);
              applied.add(edit);
            }
            return { contents, loader: "ts" };
          }),
      },
    ],
  });
  assert.is(applied.size, edits.length, "every edit has its file");
  return ((await import(pathToFileURL(outfile).href)) as { startVault: typeof startVault }).startVault;
}

/** Fails unless `scenario` notices the mutant, by an assertion and not by falling over. */
export async function mustCatch(
  t: Pick<TestContext, "after">,
  scenario: () => Promise<void>,
  limitMs: number,
): Promise<void> {
  let caught: unknown;
  // A mutant may also end by a rejection that nobody handles, which ends a real process.
  const stray = (error: unknown) => {
    caught ??= error;
  };
  process.on("unhandledRejection", stray);
  t.after(() => process.off("unhandledRejection", stray));
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), limitMs).unref());
  await Promise.race([scenario(), late]).catch(stray);
  assert.ok(caught, "the scenario passed without the rule");
  assert.not.ok(/Impossible|TypeError|ReferenceError|SyntaxError/.test(String(caught)), String(caught));
}
