import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeResult } from "../../tools/results.ts";
import { FAULT_NAMES, STEPS } from "./names.ts";
import type { Tally } from "./play.ts";

const FOLDER = "docs/results/simulate";
const FILE = join(FOLDER, "worlds.json");
/** Each pair of fault and step is to have happened so often. */
const EACH = 1_000;
const GOAL = 10_000_000;

/** What all worlds so far have come to. */
export interface Recorded {
  /** First and last seed of each part. */
  worlds: [number, number][];
  tally: Tally;
  violations: number;
  add(tally: Tally, violations: number): void;
  operations(): number;
}

export function emptyRecord(
  stored: Partial<Pick<Recorded, "worlds" | "tally" | "violations">> = {},
): Recorded {
  const record: Recorded = {
    worlds: stored.worlds ?? [],
    tally: stored.tally ?? { operations: {}, outcomes: {}, cells: {}, refused: 0, starts: 0, virtualMs: 0 },
    violations: stored.violations ?? 0,
    add: (more, violations) => {
      const { tally } = record;
      for (const name of ["operations", "outcomes", "cells"] as const)
        for (const [key, n] of Object.entries(more[name])) tally[name][key] = (tally[name][key] ?? 0) + n;
      tally.refused += more.refused;
      tally.starts += more.starts;
      tally.virtualMs += more.virtualMs;
      record.violations += violations;
    },
    operations: () => Object.values(record.tally.operations).reduce((a, b) => a + b, 0),
  };
  return record;
}

export function readRecord(): Recorded {
  try {
    return emptyRecord(JSON.parse(readFileSync(FILE, "utf8")) as Recorded);
  } catch {
    return emptyRecord();
  }
}

/** Writes the worlds, the table of faults and steps, and the entry of docs/results. */
export function writeRecord(record: Recorded, first: number, last: number): void {
  if (last < first) return;
  const worlds = [...record.worlds.filter(([from]) => from !== first), [first, last] as [number, number]];
  const { tally, violations } = record;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FILE, `${JSON.stringify({ worlds, tally, violations }, null, 1)}\n`);
  const cells = countCells(tally);
  writeFileSync(join(FOLDER, "README.md"), table(cells));
  const counts = STEPS.flatMap((step) => FAULT_NAMES.map((fault) => cells(step, fault)));
  const least = Math.min(...counts);
  const operations = record.operations();
  const clean = (good: boolean) =>
    Object.entries(tally.outcomes)
      .filter(
        ([key]) => key.startsWith("clean ") && /(taken|presented|stored|unload empty)$/.test(key) === good,
      )
      .reduce((sum, [, n]) => sum + n, 0);
  const row = (name: string, value: number, unit: string, goal?: string, met?: boolean) => ({
    name,
    value,
    unit,
    ...(goal === undefined ? {} : { goal, met: met ?? false }),
  });
  writeResult(
    "simulate",
    "make simulate RUNS=n SEED=s (RESUME=1)",
    [
      row(
        "hand-overs, loadings and unloadings",
        operations,
        "operations",
        "≥ 10,000,000",
        operations >= GOAL,
      ),
      row(
        "second motions, wrong slots, items to another, counts that do not balance",
        violations,
        "found",
        "0",
        violations === 0,
      ),
      row("least of every fault × step", least, "times", "≥ 1,000", least >= EACH),
      row("fault × step", counts.length, "pairs"),
      row("starts of the vault", tally.starts, "starts"),
      row("virtual time", Math.round(tally.virtualMs / 3_600_000), "h"),
      row("clean operations that ended as meant", clean(true), "operations"),
      row("clean operations that did not", clean(false), "operations", "0", clean(false) === 0),
    ],
    worlds[0]?.[0],
  );
}

function countCells(tally: Tally): (step: string, fault: string) => number {
  const sums = new Map<string, number>();
  for (const [key, n] of Object.entries(tally.cells)) {
    const pair = key.slice(key.indexOf(" ") + 1);
    sums.set(pair, (sums.get(pair) ?? 0) + n);
  }
  return (step, fault) => sums.get(`${step} ${fault}`) ?? 0;
}

function table(cells: (step: string, fault: string) => number): string {
  const head = `| fault \\ step | ${STEPS.join(" | ")} |\n|---|${STEPS.map(() => "--:").join("|")}|\n`;
  const rows = FAULT_NAMES.map(
    (fault) => `| ${fault} | ${STEPS.map((step) => cells(step, fault)).join(" | ")} |\n`,
  );
  return `# How often each fault happened at each step\n\nWritten by \`make simulate\`; hand-overs, loadings and unloadings together (apart in worlds.json).\n\n${head}${rows.join("")}`;
}
