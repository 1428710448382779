import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Generated, mutated } from "./generate.ts";

const FOLDERS = ["drivers", "fleet", "flows", "provisioning", "runtime", "test", "tools"];
/**
 * The quick ones first, and before all that of the mutant's own file. The mutant tests are left out: they look for places of
 * the source.
 */
const TESTS = [
  "runtime/vault/ledger",
  "runtime/vault/motion",
  "runtime/vault/recovery",
  "runtime/vault/collection",
  "runtime/vault/evidence",
  "runtime/vault/vault.test",
  "runtime/vault/staff",
  "runtime/vault/wiring.test",
  "runtime/vault/exchange",
  "runtime/vault/dispenser",
  "runtime/vault/rules.test",
];
/** Far beyond what they take on a machine that is busy: only what never ends is caught by its time. */
const LIMIT_MS = 900_000;

/** A copy of the sources, so that a mutant is nowhere else; its tests run one after the other. */
export class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), "guichet-mutant-"));

  constructor() {
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
    for (const folder of FOLDERS) cpSync(folder, join(this.#folder, folder), { recursive: true });
    for (const file of ["package.json", "tsconfig.json"]) cpSync(file, join(this.#folder, file));
    symlinkSync(resolve("node_modules"), join(this.#folder, "node_modules"));
  }

  /** Throws when a test fails without any mutant, or there would be nothing to judge by. */
  async testsPass(): Promise<void> {
    for (const part of TESTS)
      if (!(await this.#passes(part))) throw new Error(`${part} fails without a mutant`);
  }

  /** The first of the vault's test files that fails with this mutant, and fails again; undefined when none does. */
  async testsNotice(mutant: Generated): Promise<string | undefined> {
    writeFileSync(join(this.#folder, mutant.file), mutated(mutant));
    try {
      const own = mutant.file.replace(/\.ts$/, "");
      for (const part of [...TESTS.filter((one) => one === own), ...TESTS.filter((one) => one !== own)])
        if (!(await this.#passes(part)) && !(await this.#passes(part))) return part;
      return undefined;
    } finally {
      cpSync(mutant.file, join(this.#folder, mutant.file));
    }
  }

  #passes(part: string): Promise<boolean> {
    return new Promise((settle) => {
      const child = spawn(process.execPath, ["--import", "tsx", "test/run.ts", part], {
        cwd: this.#folder,
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
}
