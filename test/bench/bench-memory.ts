import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack } from "../../runtime/dev/stack.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { KIOSK, Visitor } from "../e2e/person.ts";
import { UnitBrowser } from "./memory/browser.ts";
import { familyOf, MemoryGroup, pssOf } from "./memory/group.ts";

/**
 * `make bench-memory`: the unit's processes and its browser through a whole visit within 1 GiB that the kernel keeps, without
 * swap; beside it the same browser on an empty page. The bench, the centre and who moves the page are outside. There is no
 * compositor here and no graphics: Chromium draws by itself, which costs it more.
 */
const LIMIT_MIB = 1024;
const GOAL_MIB = 900;
const SAMPLE_MS = 250;
/** The empty page is looked at for this long, ms. */
const EMPTY_MS = 10_000;

interface Peaks {
  peak: number;
  anonymous: number;
  pss: number;
  kills: number;
}

/** Looks at a group until `job` ends; a group that is none is summed up over the families of `pids`. */
async function watched(group: MemoryGroup, pids: () => number[], job: () => Promise<void>): Promise<Peaks> {
  const peaks = { peak: 0, anonymous: 0, pss: 0, kills: 0 };
  const look = (): void => {
    peaks.pss = Math.max(peaks.pss, pssOf(group.kind ? group.pids() : pids().flatMap(familyOf)));
    if (group.kind) peaks.anonymous = Math.max(peaks.anonymous, group.anonymous());
  };
  const timer = setInterval(look, SAMPLE_MS);
  try {
    await job();
    look();
  } finally {
    clearInterval(timer);
  }
  if (group.kind) Object.assign(peaks, { peak: group.peak(), kills: group.kills() });
  return peaks;
}

const data = mkdtempSync(join(tmpdir(), "guichet-bench-memory-"));
const stack = await startStack({
  data,
  portBase: 18_600,
  seed: 1,
  alwaysOpen: true,
  startUnit: false,
  quiet: true,
});
const blank = createServer((_, response) => response.end("<!doctype html><title></title>"));
await new Promise<void>((resolve) => blank.listen(0, "127.0.0.1", resolve));
const whole = new MemoryGroup("guichet-unit", LIMIT_MIB);
const alone = new MemoryGroup("guichet-empty", LIMIT_MIB);
let visit: Peaks | undefined;
let empty: Peaks | undefined;
try {
  const { port } = blank.address() as AddressInfo;
  const emptyBrowser = await UnitBrowser.open(`http://127.0.0.1:${port}/`, alone.entering, KIOSK);
  empty = await watched(
    alone,
    () => [emptyBrowser.pid],
    () => emptyBrowser.page.waitForTimeout(EMPTY_MS),
  );
  await emptyBrowser.close();

  const unit = whole.around(() => stack.startUnit());
  const browser = await UnitBrowser.open(await unit.screen(), whole.entering, KIOSK);
  await browser.page.setViewportSize(KIOSK);
  await browser.page.emulateMedia({ reducedMotion: "reduce" });
  const [person] = stack.bench.people;
  if (!person) throw new Error("nobody on the bench");
  visit = await watched(
    whole,
    () => [...unit.pids(), browser.pid],
    async () => void (await new Visitor(browser.page, stack).apply(person, { service: "one-stop" })),
  );
  await browser.close();
} finally {
  blank.close();
  await stack.stop();
  for (const group of [whole, alone]) await group.close();
  rmSync(data, { recursive: true, force: true });
}

const round = (value: number): number => Math.round(value * 10) / 10;
const beside = (name: string, of: keyof Peaks, goal?: number): ResultRow => {
  const value = round(visit[of]);
  const peerValue = round(empty[of]);
  return {
    name,
    value,
    unit: "MiB",
    peer: "the same browser on an empty page",
    peerValue,
    ratio: value / peerValue,
    ...(goal ? { goal: `< ${goal} of the ${LIMIT_MIB} that there are`, met: value < goal } : {}),
  };
};
const rows: ResultRow[] = [
  {
    name: `limit (${whole.kind ? `cgroup ${whole.kind}, no swap` : "none: cgroups cannot be used here"})`,
    value: LIMIT_MIB,
    unit: "MiB",
  },
  ...(whole.kind
    ? [
        beside(
          "unit and browser through a whole visit, peak by the kernel, page cache included",
          "peak",
          GOAL_MIB,
        ),
        beside("of it at most anonymous", "anonymous"),
      ]
    : []),
  beside("summed PSS of the same processes, highest of samples", "pss", GOAL_MIB),
  ...(whole.kind
    ? [
        {
          name: "processes that the kernel ended for want of memory",
          value: visit.kills,
          unit: "kills",
          goal: "0",
          met: visit.kills === 0,
        },
      ]
    : []),
];
writeResult("memory", "make bench-memory", rows);
for (const { name, value, unit, met } of rows)
  console.log(`${met === false ? "FAIL" : "ok  "} ${name}: ${value} ${unit}`);
const failed = rows.filter(({ met }) => met === false).length;
console.log(`${rows.filter(({ met }) => met).length} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
