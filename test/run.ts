import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

/**
 * Runs each *.test.ts below test/ in a process of its own (uvu shares module state between files otherwise), adds up
 * uvu's summaries, names what failed once more and closes with `N passed, N failed`. Arguments select files by a part of
 * their path.
 */
const LIMIT_MS = 300_000;
/** Files that run beside each other; more of them while the processors have nothing to do, for many tests mostly wait. */
const LANES = 2;
const MOST_LANES = 4;
const IDLE_SHARE = 0.4;
const LOOK_MS = 3_000;
/** Takes longer than any other: begun last, it would run alone at the end. */
const LONGEST = "runtime/vault/mutants.test.ts";
const wanted = process.argv.slice(2);

const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
  .sort((one, other) => Number(other === LONGEST) - Number(one === LONGEST));

interface Outcome {
  passed: number;
  failed: number;
}

function runFile(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, ["--import", "tsx", join("test", file)], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    const killGroup = () => {
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch {
        // the group is gone already
      }
    };
    const timer = setTimeout(killGroup, LIMIT_MS);
    child.on("exit", (code) => {
      clearTimeout(timer);
      killGroup();
      const number = (label: string) => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
      const total = number("Total");
      const passed = number("Passed");
      const failed = total - passed || (code === 0 && total > 0 ? 0 : 1);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(
        `${failed ? "FAIL" : "ok  "} ${file}  ${passed} passed${failed ? `, ${failed} failed` : ""}  (${seconds} s)`,
      );
      if (failed) {
        console.log(output.slice(-8_000));
        failures.push(
          `failed: ${file}`,
          ...(output.match(/^ *FAIL .*(?:\n.*){1,2}/gm) ?? ["   it ended before its summary"]),
        );
      }
      resolve({ passed, failed });
    });
  });
}

/** What failed, named again where somebody looks who sees only the end of a long output. */
const failures: string[] = [];
const queue = [...files];
const sum: Outcome = { passed: 0, failed: 0 };
let running = 0;

async function lane(mayGoOn: () => boolean): Promise<void> {
  running++;
  while (mayGoOn()) {
    const file = queue.shift();
    if (!file) break;
    const outcome = await runFile(file);
    sum.passed += outcome.passed;
    sum.failed += outcome.failed;
  }
  running--;
}

/** Time of all processors since the machine started: of which nothing was done, and all of it. */
const processorTimes = (): [idle: number, all: number] =>
  cpus().reduce<[number, number]>(
    ([idle, all], { times }) => [idle + times.idle, all + Object.values(times).reduce((a, b) => a + b, 0)],
    [0, 0],
  );

const lanes = Array.from({ length: LANES }, () => lane(() => true));
let [idleBefore, allBefore] = processorTimes();
const looking = setInterval(() => {
  const [idle, all] = processorTimes();
  const share = (idle - idleBefore) / (all - allBefore);
  [idleBefore, allBefore] = [idle, all];
  if (share < IDLE_SHARE || running >= MOST_LANES) return;
  let left = 1;
  lanes.push(lane(() => left-- > 0));
}, LOOK_MS);
for (let i = 0; i < lanes.length; i++) await lanes[i];
clearInterval(looking);
if (files.length === 0) sum.failed = 1;
for (const line of failures) console.log(line);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed ? 1 : 0);
