import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeResult } from "../../tools/results.ts";
import type { Generated } from "./generate.ts";
import { reasonOf } from "./reasons.ts";

export type Judged =
  | { kind: "named"; name: string; rule: string; caught: string | undefined; seed: number }
  | {
      kind: "generated";
      mutant: Generated;
      caught: string | undefined;
      by: "simulation" | "devices" | "tests";
    };

const FOLDER = "docs/results/mutants";
const cell = (text: string): string =>
  `\`${text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").slice(0, 110)}\``;
const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", "\\|")
    .replace(/ \(at .*$/, "")
    .slice(0, 120);

/** Writes the lists beside the results: what was caught by what, and of each survivor why. */
export function writeMutants(judged: readonly Judged[], seed: number): void {
  const named = judged.filter((it) => it.kind === "named");
  const generated = judged.filter((it) => it.kind === "generated");
  const killed = generated.filter(({ caught }) => caught);
  const files = [...new Set(generated.map(({ mutant }) => mutant.file))].sort();
  const rows = files.map((file) => {
    const own = generated.filter(({ mutant }) => mutant.file === file);
    const by = (who: string) => own.filter(({ caught, by: it }) => caught && it === who).length;
    const survived = own.filter(({ caught }) => !caught).length;
    return `| ${file} | ${own.length} | ${by("simulation")} | ${by("devices")} | ${by("tests")} | ${survived} |`;
  });
  const survivors = generated
    .filter(({ caught }) => !caught)
    .sort((a, b) => a.mutant.file.localeCompare(b.mutant.file) || a.mutant.start - b.mutant.start)
    .map(
      ({ mutant }) =>
        `| ${mutant.file}:${mutant.line} | ${cell(mutant.from)} | ${cell(mutant.to)} | ${reasonOf(mutant)} |`,
    );
  const order = named
    .map(
      (it) =>
        `| ${it.name} | ${it.rule} | ${it.caught ? `${plain(it.caught)} (seed ${it.seed})` : "NOT CAUGHT"} |`,
    )
    .sort();
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(
    join(FOLDER, "README.md"),
    [
      "# Mutants of the vault\n\nWritten by `make mutants`.\n\n## Named: one safety rule taken away each\n",
      "| mutant | rule | caught by the simulation as |\n|---|---|---|",
      ...order,
      "\n## Generated\n\n| file | mutants | killed by the simulation | by the matrix of devices | by the vault's tests | survived |\n|---|--:|--:|--:|--:|--:|",
      ...rows,
      "\n## Survivors\n\n| place | was | became | why it survives |\n|---|---|---|---|",
      ...survivors,
      "",
    ].join("\n"),
  );
  const share = Math.round((killed.length / generated.length) * 1_000) / 10;
  const caught = named.filter((it) => it.caught).length;
  writeResult(
    "mutants",
    "make mutants",
    [
      {
        name: "named mutants caught by the simulation",
        value: caught,
        unit: `of ${named.length}`,
        goal: "all, ≥ 12",
        met: caught === named.length,
      },
      {
        name: "generated mutants killed",
        value: share,
        unit: "%",
        runs: generated.length,
        goal: "≥ 90 %",
        met: share >= 90,
      },
      { name: "generated mutants", value: generated.length, unit: "mutants" },
      {
        name: "of them killed by the simulation alone",
        value: killed.filter(({ by }) => by === "simulation").length,
        unit: "mutants",
      },
      { name: "survivors, each with its reason", value: survivors.length, unit: "mutants" },
    ],
    seed,
  );
}
