import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack, unitEnvironment } from "../../runtime/dev/stack.ts";
import { median, type ResultRow, writeResult } from "../../tools/results.ts";
import { installNodeRed, NODE_RED } from "../support/node-red.ts";

/**
 * Time from exec to the screen served (stores asserted, devices ready, a service offered) and the memory of the unit's
 * processes, beside `node -e 0` and Node-RED, in turn, in the same run and the same environment.
 */
const RUNS = Number(process.env.RUNS ?? 7);
/** Between two questions whether it is up; the asking takes from the same processor, and the figure is this exact. */
const POLL_MS = 20;

/** PSS of a process and everything that it has started, MB; a child that has just ended has none. */
const pss = (pid: number): number => {
  const read = (file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
      throw error;
    }
  };
  const children = read(`task/${pid}/children`).trim().split(" ").filter(Boolean);
  const own = /^Pss:\s+(\d+)/m.exec(read("smaps_rollup"))?.[1];
  return children.map(Number).reduce((sum, child) => sum + pss(child), Number(own ?? 0) / 1024);
};

async function until(what: string, probe: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await probe().catch(() => false))) {
    if (performance.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The body of an answer 200, asked for in the cheapest way there is; undefined while there is none. */
const ask = (url: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? Buffer.concat(parts).toString() : undefined),
      );
    }).on("error", () => resolve(undefined));
  });

/** Whether the unit serves its screen, is ready, and offers a service. */
async function offers(origin: string): Promise<boolean> {
  const answer = await ask(`${origin}/healthz`);
  if (answer === undefined) return false;
  const health = JSON.parse(answer) as { ready: boolean; offered: string[] };
  return health.ready && health.offered.length > 0;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await gone;
  clearTimeout(hard);
}

async function nodeOnly(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore", env: unitEnvironment() });
  await new Promise((resolve) => child.once("exit", resolve));
  return performance.now() - started;
}

async function nodeRed(folder: string, port: number): Promise<{ ms: number; mb: number }> {
  const user = mkdtempSync(join(tmpdir(), "guichet-node-red-user-"));
  const started = performance.now();
  const child = spawn(process.execPath, [join(folder, NODE_RED), "-p", String(port), "-u", user], {
    stdio: "ignore",
    env: unitEnvironment(),
  });
  await until("Node-RED answers", async () => (await ask(`http://127.0.0.1:${port}/`)) !== undefined);
  const ms = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const mb = pss(child.pid as number);
  await ended(child);
  rmSync(user, { recursive: true, force: true });
  return { ms, mb };
}

const folder = installNodeRed();
const data = mkdtempSync(join(tmpdir(), "guichet-bench-start-"));
const stack = await startStack({
  data,
  portBase: 18_400,
  seed: 1,
  alwaysOpen: true,
  startUnit: false,
  quiet: true,
});
const samples = {
  node: [] as number[],
  red: [] as number[],
  redMb: [] as number[],
  unit: [] as number[],
  unitMb: [] as number[],
  coreMb: [] as number[],
};
try {
  for (let run = 0; run <= RUNS; run++) {
    const node = await nodeOnly();
    const started = performance.now();
    const unit = stack.startUnit();
    await until("the screen is served and a service offered", () => offers(stack.screenOrigin));
    const ms = performance.now() - started;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const pids = unit.pids();
    const each = pids.map(pss);
    const core = pss(unit.pid("core"));
    await unit.stop();
    const red = await nodeRed(folder, 18_499);
    if (run === 0) continue; // warms the file cache for all three
    samples.node.push(node);
    samples.unit.push(ms);
    samples.unitMb.push(each.reduce((a, b) => a + b, 0));
    samples.coreMb.push(core);
    samples.red.push(red.ms);
    samples.redMb.push(red.mb);
  }
  // after a visit: one whole application through the page, then 60 s of rest
  const unit = stack.startUnit();
  await until("ready", () => offers(stack.screenOrigin));
  const { applyOnce } = await import("../e2e/drive.ts");
  await applyOnce(stack);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  const after = unit
    .pids()
    .map(pss)
    .reduce((a, b) => a + b, 0);
  const coreAfter = pss(unit.pid("core"));
  await unit.stop();
  report(after, coreAfter);
} finally {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
}

function report(after: number, coreAfter: number): void {
  const round = (value: number) => Math.round(value * 10) / 10;
  const row = (name: string, values: number[], unit: string, peers: number[], goal: number): ResultRow => {
    const value = median(values);
    const peerValue = median(peers);
    const ratio = value / peerValue;
    return {
      name,
      value: round(value),
      unit,
      runs: values.length,
      spread: [round(Math.min(...values)), round(Math.max(...values))],
      peer: "Node-RED",
      peerValue: round(peerValue),
      ratio,
      goal: `<= ${goal} of Node-RED`,
      met: ratio <= goal,
    };
  };
  const rows: ResultRow[] = [
    row("exec to screen served, devices ready, a service offered", samples.unit, "ms", samples.red, 0.4),
    { name: "node -e 0", value: round(median(samples.node)), unit: "ms", runs: samples.node.length },
    row("PSS of core, vault and senses before a visit", samples.unitMb, "MB", samples.redMb, 1.3),
    row("PSS of the core before a visit", samples.coreMb, "MB", samples.redMb, 0.7),
    row("PSS of core, vault and senses 60 s after a visit", [after], "MB", samples.redMb, 1.3),
    row("PSS of the core 60 s after a visit", [coreAfter], "MB", samples.redMb, 0.7),
  ];
  writeResult("start", `make bench-start RUNS=${RUNS}`, rows);
  for (const { name, value, unit, ratio, goal, met } of rows)
    console.log(
      `${name}: ${value} ${unit}${ratio ? `, ratio ${ratio.toFixed(2)} (${goal}: ${met ? "met" : "NOT met"})` : ""}`,
    );
  const failed = rows.filter((r) => r.met === false).length;
  console.log(`${rows.filter((r) => r.met).length} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
