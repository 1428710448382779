import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { startWatchdog } from "../../../runtime/ipc/index.ts";
import { eventually, suite } from "../../kit.ts";

const { test, run } = suite("watchdog");

/** Runs a program with a watchdog; answers how it ended and after how long, ms. */
async function runWatched(
  body: string,
  deadlineMs = 400,
): Promise<{ code: number | null; signal: string | null; ms: number }> {
  const program = `
    import { startWatchdog } from "./runtime/ipc/watchdog.ts";
    startWatchdog({ deadlineMs: ${deadlineMs} });
    ${body}`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const begun = new Promise<number>((resolve) => child.stdout.once("data", () => resolve(performance.now())));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const from = await begun;
  return { ...(await ended), ms: performance.now() - from };
}

const SOON = `setTimeout(() => console.log("begun"), 100);`;

test("a process whose main thread spins is killed at its deadline", async () => {
  const { signal, ms } = await runWatched(`${SOON} setTimeout(() => { for (;;); }, 120);`);
  assert.is(signal, "SIGKILL");
  assert.ok(ms > 300 && ms < 5_000, `${ms} ms`);
});

test("a main thread that stands in a system call is killed too", async () => {
  const wait = `import { execFileSync } from "node:child_process";`;
  const { signal } = await runWatched(`${wait} ${SOON} setTimeout(() => execFileSync("sleep", ["3"]), 120);`);
  assert.is(signal, "SIGKILL");
});

test("one that is idle, or busy for less than the deadline, lives and ends by itself", async () => {
  const busy = "const end = performance.now() + 300; while (performance.now() < end);";
  const { code, signal } = await runWatched(
    `${SOON} setTimeout(() => { ${busy} }, 200); setTimeout(() => undefined, 2_500);`,
    1_000,
  );
  assert.equal([code, signal], [0, null]);
});

test("a process that was stopped as a whole goes on", async () => {
  const stop = `import { spawn } from "node:child_process";`;
  const others = `spawn("sh", ["-c", "kill -STOP " + process.pid + "; sleep 1.5; kill -CONT " + process.pid])`;
  const { code, signal } = await runWatched(
    `${stop} ${SOON} setTimeout(() => ${others}, 120); setTimeout(() => undefined, 2_000);`,
    1_000,
  );
  assert.equal([code, signal], [0, null]);
});

test("the time that a process was stopped does not count, nor does it take the rest of its deadline", async () => {
  const stop = `import { spawn } from "node:child_process";`;
  // Away for 1.1 s of a deadline of 1 s, for 0.75 s of it stopped: the old deadline ends just after it goes on.
  const others = `spawn("sh", ["-c", "kill -STOP " + process.pid + "; sleep 0.75; kill -CONT " + process.pid])`;
  const until = "const end = performance.now() + 1_100";
  const busy = "while (performance.now() < end)";
  const { code, signal } = await runWatched(
    `${stop} ${SOON} setTimeout(() => { ${until}; ${others}; ${busy}; }, 250); setTimeout(() => undefined, 2_000);`,
    1_000,
  );
  assert.equal([code, signal], [0, null]);
});

test("a watchdog that was killed itself is put back", async () => {
  const kill = `import { execFileSync } from "node:child_process";`;
  const its = `execFileSync("pkill", ["-9", "-P", String(process.pid), "-f", "watchdog"])`;
  const { signal } = await runWatched(
    `${kill} ${SOON} setTimeout(() => ${its}, 120); setTimeout(() => { for (;;); }, 400);`,
  );
  assert.is(signal, "SIGKILL");
});

test("stopping it ends the shell, and then nothing kills", async () => {
  const shells = () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean).length;
  const before = shells();
  const watchdog = startWatchdog({ deadlineMs: 400 });
  await eventually("the shell runs", () => shells() > before);
  await watchdog.stop();
  assert.is(shells(), before);
  const end = performance.now() + 800;
  while (performance.now() < end);
});

run();
