import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Generated } from "./generate.ts";
import type { Judged } from "./report.ts";

const FILE = "docs/results/mutants/verdicts.json";

type Verdict = Extract<Judged, { kind: "generated" }>;
type Stored = Pick<Verdict, "caught" | "by">;

const keyOf = ({ file, start, end, to }: Generated): string => `${file} ${start}-${end} ${to}`;

/** What is known of each generated mutant, written down as it comes to be known: a whole run takes more than an hour. */
export class Verdicts {
  readonly #known: Record<string, Stored> = {};
  /** Those that nothing in virtual time has caught. */
  readonly #left = new Set<string>();
  readonly #of: { sources: string; seed: number };

  /** @param resume whether to believe what an earlier run with this seed found out on these very sources */
  constructor(files: readonly string[], seed: number, resume: boolean) {
    const hash = createHash("sha256");
    for (const file of files) hash.update(readFileSync(file));
    this.#of = { sources: hash.digest("hex"), seed };
    const stored = resume ? read() : undefined;
    if (stored?.sources !== this.#of.sources || stored.seed !== seed) return;
    Object.assign(this.#known, stored.known);
    for (const key of stored.left ?? []) this.#left.add(key);
  }

  of(mutant: Generated): Verdict | undefined {
    const stored = this.#known[keyOf(mutant)];
    return stored && { kind: "generated", mutant, caught: stored.caught, by: stored.by };
  }

  add(verdict: Verdict): Verdict {
    const { caught, by } = verdict;
    this.#known[keyOf(verdict.mutant)] = {
      caught: caught?.replaceAll(`${process.cwd()}/`, "").slice(0, 120),
      by,
    };
    this.#left.delete(keyOf(verdict.mutant));
    this.#write();
    return verdict;
  }

  isLeft = (mutant: Generated): boolean => this.#left.has(keyOf(mutant));

  leave(mutant: Generated): void {
    this.#left.add(keyOf(mutant));
    this.#write();
  }

  #write(): void {
    mkdirSync(dirname(FILE), { recursive: true });
    const all = { ...this.#of, known: this.#known, left: [...this.#left] };
    writeFileSync(FILE, `${JSON.stringify(all, null, 1)}\n`);
  }
}

function read():
  | { sources: string; seed: number; known: Record<string, Stored>; left?: string[] }
  | undefined {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return undefined;
  }
}
