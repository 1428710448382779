import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

/** One figure of a proof or a measurement, with its peer from the same run where there is one. */
export interface ResultRow {
  name: string;
  value: number | string;
  unit: string;
  runs?: number;
  /** Lowest and highest of the runs. */
  spread?: [number, number];
  peer?: string;
  peerValue?: number;
  ratio?: number;
  goal?: string;
  met?: boolean;
}

interface Result {
  name: string;
  command: string;
  date: string;
  machine: { cpu: string; cores: number; memory: string; kernel: string; node: string };
  seed?: number;
  rows: ResultRow[];
}

const FOLDER = "docs/results";

/** Writes `docs/results/<name>.json` and renews the overview beside it. */
export function writeResult(name: string, command: string, rows: ResultRow[], seed?: number): void {
  const result: Result = {
    name,
    command,
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      kernel: release(),
      node: process.version,
    },
    ...(seed === undefined ? {} : { seed }),
    rows,
  };
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeOverview();
}

/** Keeps the last result of a proof that is to be seen twice as `<name>-before`; nothing when there is none. */
export function keepResult(name: string): void {
  const path = join(FOLDER, `${name}.json`);
  if (!existsSync(path)) return;
  const result = JSON.parse(readFileSync(path, "utf8")) as Result;
  const before = { ...result, name: `${name}-before` };
  writeFileSync(join(FOLDER, `${name}-before.json`), `${JSON.stringify(before, null, 2)}\n`);
}

function writeOverview(): void {
  const results = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Result);
  const text = results.map(section).join("\n");
  writeFileSync(
    join(FOLDER, "README.md"),
    `# Results\n\nGenerated from the JSON files beside it by the commands that are named.\n\n${text}`,
  );
}

function section(result: Result): string {
  const { machine } = result;
  const head = `## ${result.name}\n\n\`${result.command}\`, ${result.date}${result.seed === undefined ? "" : `, seed ${result.seed}`}; ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, Linux ${machine.kernel}, Node ${machine.node}\n\n`;
  const rows = result.rows.map((row) =>
    [
      row.name,
      `${row.value} ${row.unit}`,
      row.spread ? `${row.spread[0]}–${row.spread[1]} (${row.runs} runs)` : "",
      row.peer ? `${row.peer}: ${row.peerValue} ${row.unit}` : "",
      row.ratio === undefined ? "" : row.ratio.toFixed(2),
      row.goal ?? "",
      row.met === undefined ? "" : row.met ? "met" : "not met",
    ].join(" | "),
  );
  return `${head}| figure | value | spread | peer | ratio | goal | |\n|---|---|---|---|---|---|---|\n${rows.map((row) => `| ${row} |`).join("\n")}\n`;
}

export const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};
