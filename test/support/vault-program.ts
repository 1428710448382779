import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

/** Bundles `test/crash/vault-process.ts` into a folder, for tests that start it often. Answers the path of the program. */
export async function buildVaultProgram(folder: string): Promise<string> {
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const program = join(folder, "vault.mjs");
  await build({
    entryPoints: ["test/crash/vault-process.ts"],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  return program;
}
