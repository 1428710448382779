import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Generated, mutated } from "./generate.ts";

const FOLDERS = ["drivers", "fleet", "flows", "provisioning", "runtime", "test", "tools"];
/** The quick ones first. The mutant tests are left out: they look for places of the source. */
const TESTS = [
  "runtime/vault/evidence",
  "runtime/vault/vault.test",
  "runtime/vault/exchange",
  "runtime/vault/rules.test",
];
/** Far beyond what they take on a machine that is busy: only what never ends is caught by its time. */
const LIMIT_MS = 900_000;

let tree: string | undefined;

/** A copy of the sources, so that a mutant is nowhere else. */
function copyOfSources(): string {
  if (tree) return tree;
  const copy = mkdtempSync(join(tmpdir(), "guichet-mutant-"));
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  for (const folder of FOLDERS) cpSync(folder, join(copy, folder), { recursive: true });
  for (const file of ["package.json", "tsconfig.json"]) cpSync(file, join(copy, file));
  symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
  tree = copy;
  return copy;
}

/** Throws when a test fails without any mutant, or there would be nothing to judge by. */
export async function testsPass(): Promise<void> {
  const cwd = copyOfSources();
  for (const part of TESTS) if (!(await passes(cwd, part))) throw new Error(`${part} fails without a mutant`);
}

/** The first of the vault's test files that fails with this mutant, and fails again; undefined when none does. */
export async function testsNotice(mutant: Generated): Promise<string | undefined> {
  const cwd = copyOfSources();
  writeFileSync(join(cwd, mutant.file), mutated(mutant));
  try {
    for (const part of TESTS) if (!(await passes(cwd, part)) && !(await passes(cwd, part))) return part;
    return undefined;
  } finally {
    cpSync(mutant.file, join(cwd, mutant.file));
  }
}

function passes(cwd: string, part: string): Promise<boolean> {
  return new Promise((settle) => {
    const child = spawn(process.execPath, ["--import", "tsx", "test/run.ts", part], {
      cwd,
      stdio: "ignore",
      detached: true,
    });
    const timer = setTimeout(() => process.kill(-(child.pid as number), "SIGKILL"), LIMIT_MS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      settle(code === 0);
    });
  });
}
