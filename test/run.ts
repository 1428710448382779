import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs each *.test.ts below test/ in a process of its own (uvu shares module state between files otherwise), adds up
 * uvu's summaries and closes with `N passed, N failed`. Arguments select files by a part of their path.
 */
const LIMIT_MS = 300_000;
const CONCURRENCY = 2;
const wanted = process.argv.slice(2);

const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

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
      if (failed) console.log(output.slice(-8_000));
      resolve({ passed, failed });
    });
  });
}

const queue = [...files];
const sum: Outcome = { passed: 0, failed: 0 };
await Promise.all(
  Array.from({ length: CONCURRENCY }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const outcome = await runFile(file);
      sum.passed += outcome.passed;
      sum.failed += outcome.failed;
    }
  }),
);
if (files.length === 0) sum.failed = 1;
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed ? 1 : 0);
