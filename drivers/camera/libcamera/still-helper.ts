import { rmSync } from "node:fs";
import { still } from "node-libcamera";
import { EXIT } from "./exit.ts";

/**
 * Takes one still and ends: `still-helper INDEX WIDTH HEIGHT FILE LIMIT_MS`. A process of its own, because `node-libcamera`
 * hands a command line to a shell and gives no child to kill. Its parent made it the leader of a process group and kills
 * that; when the parent is gone (its end of the standard input closes) or the time is over, it does so itself.
 */

/** Time in which exposure and white balance settle before the still, ms. */
const SETTLE_MS = 500;

function endGroup(file: string): void {
  rmSync(file, { force: true });
  process.kill(-process.pid, "SIGKILL");
}

async function main(): Promise<number> {
  const [index, width, height, , limitMs] = process.argv.slice(2).map(Number);
  const file = process.argv[5] ?? "";
  const whole = (value: number | undefined, min: number, max: number): value is number =>
    value !== undefined && Number.isInteger(value) && value >= min && value <= max;
  // These go into a shell's command line: numbers in ranges, and a path of letters, digits, points and lines.
  if (!whole(index, 0, 7) || !whole(limitMs, 100, 60_000)) return EXIT.arguments;
  if (!whole(width, 16, 9_999) || !whole(height, 16, 9_999)) return EXIT.arguments;
  if (!/^(\/[\w.-]+)+\/still\.jpg$/.test(file)) return EXIT.arguments;

  process.umask(0o077);
  process.stdin.on("close", () => endGroup(file)).resume();
  setTimeout(() => endGroup(file), limitMs);
  // Its types do not know `camera`; it passes every name on.
  const options = {
    camera: index,
    width,
    height,
    timeout: SETTLE_MS,
    nopreview: true,
    encoding: "jpg" as const,
    quality: 95,
    output: file,
  };
  try {
    await still(options);
    return EXIT.taken;
  } catch (error) {
    const said = error instanceof Error ? error.message : "";
    return /no cameras available|camera index|out of range/i.test(said) ? EXIT.noCamera : EXIT.failed;
  }
}

process.exit(await main());
