import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Highest exposure of each process, 0 to 10, as `systemd-analyze security` counts it. */
export const GOALS: Record<string, number> = {
  "guichet-core": 2.0,
  "guichet-vault": 2.0,
  "guichet-senses": 2.0,
  "guichet-provisioner": 0.8,
  "guichet-stick@": 0.8,
};

export interface Exposure {
  score: number;
  /** Settings that count against it. */
  relaxed: string[];
}

/** The exposure of a unit in a folder of units, without a running systemd. */
export function exposureOf(folder: string, unit: string): Exposure {
  const analyze = (...args: string[]): string => {
    const { stdout, status, stderr } = spawnSync(
      "systemd-analyze",
      ["security", "--offline=true", "--no-pager", ...args, join(folder, `${unit}.service`)],
      { encoding: "utf8" },
    );
    if (!stdout) throw new Error(`systemd-analyze ended with ${status}: ${stderr}`);
    return stdout;
  };
  const rows = JSON.parse(analyze("--json=short")) as { name: string; exposure: string | null }[];
  const score = Number(/exposure level for .*: ([0-9.]+)/.exec(analyze())?.[1]);
  if (!Number.isFinite(score)) throw new Error(`no score for ${unit}`);
  return { score, relaxed: rows.filter(({ exposure }) => Number(exposure) > 0).map(({ name }) => name) };
}

/** Settings that were relaxed and stand in no row of the table for this unit. */
export function unexplained(unit: string, { relaxed }: Exposure, doc: string): string[] {
  const who = unit.replace("guichet-", "");
  const rows = doc.split("\n").flatMap((line) => {
    // A bar within a cell is written `\\|`.
    const [, setting, units, why] = line.replaceAll("\\|", "\u0000").split("|");
    return setting && units && why?.trim() ? [{ setting: setting.replaceAll("\u0000", "|"), units }] : [];
  });
  return relaxed.filter(
    (name) =>
      !rows.some(
        ({ setting, units }) =>
          setting.includes(`\`${name}\``) &&
          units.split(",").some((one) => [who, "all"].includes(one.trim())),
      ),
  );
}
