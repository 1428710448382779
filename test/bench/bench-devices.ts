import { cpus } from "node:os";
import { median, type ResultRow, writeResult } from "../../tools/results.ts";
import { measureLatency } from "./devices/latency.ts";
import { measureReleases, type Way } from "./devices/release.ts";
import { measureUploads } from "./devices/upload.ts";

/**
 * What the device layer costs: an image's upload beside bare read loops on the same paced line, what a driver adds to a
 * command, and how long a voucher takes to the unlock beside the time that the disk takes of it.
 */
const RUNS = Number(process.env.RUNS || 7);
const COMMANDS = 2_000;
/** Beyond the durable waits, ms. */
const OWN_MS = 5;
const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
const rows: ResultRow[] = [];
const spread = (values: number[]): [number, number] => [
  round(Math.min(...values), 2),
  round(Math.max(...values), 2),
];

for (const [baud, sizeCode] of [
  [57_600, 2],
  [115_200, 3],
] as const) {
  const { driver, bare, python, wire } = await measureUploads(baud, sizeCode, RUNS);
  const value = median(driver);
  const name = `image upload at ${baud} baud, packets of ${32 << sizeCode} bytes`;
  const of = (peer: string, peers: number[], goal?: number): ResultRow => {
    const peerValue = median(peers);
    const ratio = peerValue / value;
    return {
      name,
      value: round(value),
      unit: "ms",
      runs: driver.length,
      spread: spread(driver),
      peer,
      peerValue: round(peerValue),
      ratio,
      ...(goal ? { goal: `>= ${goal} of its throughput`, met: ratio >= goal } : {}),
    };
  };
  rows.push(
    of("bare read loop, serialport", bare, 0.99),
    of("bare read loop, python3-serial", python),
    of("the line itself", wire),
  );
}

const added = (await measureLatency(COMMANDS)).sort((a, b) => a - b);
const p99 = added[Math.ceil(0.99 * added.length) - 1] ?? Number.NaN;
rows.push({
  name: "added to a command by the driver, p99",
  value: round(p99, 3),
  unit: "ms",
  runs: added.length,
  spread: spread(added),
  goal: "< 2 ms",
  met: p99 < 2,
});

for (const [what, options] of [
  ["", { syncMs: 0, sealing: false }],
  [", 50 ms more for each durable write", { syncMs: 50, sealing: false }],
  [", while 2 MB are sealed again and again", { syncMs: 0, sealing: true }],
] as const) {
  const releases = await measureReleases(options);
  const asked = releases.map((release) => release.asked);
  const moved = releases.map((release) => release.moved);
  // The board is asked before the first wait is over: how long one takes is told by the unlock's.
  const wait = median(moved.map(({ waitedMs, waits }) => waitedMs / Math.max(1, waits)));
  const row = (name: string, ways: readonly Way[]): ResultRow => {
    const total = ways.map(({ ms }) => ms);
    return {
      name: `voucher to ${name}${what}`,
      value: round(median(total)),
      unit: "ms",
      runs: ways.length,
      spread: spread(total),
      peer: `the disk's two waits, ${Math.max(...ways.map(({ waits }) => waits))} over by then`,
      peerValue: round(2 * wait, 2),
      ratio: median(total) / (2 * wait),
    };
  };
  const limit = 2 * wait + OWN_MS;
  rows.push(
    {
      ...row("first byte on the lock's bus", asked),
      goal: `<= 2 durable waits and ${OWN_MS} ms = ${round(limit, 2)} ms`,
      met: asked.every(({ waits }) => waits <= 2) && median(asked.map(({ ms }) => ms)) <= limit,
    },
    row("unlock, after the board's answer on how the slot stands", moved),
  );
}

for (const row of rows)
  console.log(
    `${row.name}: ${row.value} ${row.unit}${row.peer ? `; ${row.peer} ${row.peerValue}` : ""}${row.ratio ? `, ratio ${row.ratio.toFixed(3)}` : ""}${row.goal ? ` (${row.goal}: ${row.met ? "met" : "NOT met"})` : ""}`,
  );
console.log(`${cpus().length} cores`);
writeResult("devices", `make bench-devices RUNS=${RUNS}`, rows);
const failed = rows.filter(({ met }) => met === false).length;
console.log(`${rows.filter(({ met }) => met).length} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
