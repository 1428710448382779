import { type ResultRow, writeResult } from "../../tools/results.ts";
import { fuzz, growth } from "./engine.ts";
import { PARSERS } from "./parsers.ts";

/**
 * `make fuzz MINUTES=n SEED=s RUNS=n`: at least RUNS streams for each parser, and on until its share of the minutes is over.
 * A failure prints the seed of its stream and the shortest bytes that still go wrong.
 */
const SEED = Number(process.env.SEED || 1);
const RUNS = Number(process.env.RUNS || 1_000_000);
const SHARE_MS = (Number(process.env.MINUTES || 0) * 60_000) / PARSERS.length;
const JUNK_MB = 16;
/** A camera's picture may have 4 MiB; every other frame is below 1.1 KiB. */
const boundOf = (longest: number) => (longest > 10_000 ? 12e6 : 4e6);

console.log(`fuzz: seed ${SEED}, at least ${RUNS} streams for each of ${PARSERS.length} parsers`);
const rows: ResultRow[] = [];
let failed = 0;
for (const subject of PARSERS) {
  const started = performance.now();
  const tally = fuzz(subject, SEED, (streams) => streams >= RUNS && performance.now() - started >= SHARE_MS);
  const grown = growth(subject, SEED, JUNK_MB);
  const bounded = grown < boundOf(subject.layout.longest);
  const good = tally.failures.length === 0 && bounded;
  if (!good) failed++;
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(
    `${good ? "ok  " : "FAIL"} ${subject.name}: ${tally.streams} streams, ${tally.frames} frames, ${Math.round(grown / 1024)} KiB kept of ${JUNK_MB} MiB junk (${seconds} s)`,
  );
  for (const { seed, what, stream } of tally.failures) console.log(`     seed ${seed}: ${what}: ${stream}`);
  rows.push(
    {
      name: `${subject.name}: streams with every right frame found and no other`,
      value: tally.streams - tally.failures.length,
      unit: `of ${tally.streams} streams, ${tally.frames} frames`,
      goal: `all of at least ${RUNS}`,
      met: tally.failures.length === 0 && tally.streams >= RUNS,
    },
    {
      name: `${subject.name}: memory kept of ${JUNK_MB} MiB junk`,
      value: Math.round(grown / 1_024),
      unit: "KiB",
      goal: `< ${Math.round(boundOf(subject.layout.longest) / 1_024)} KiB`,
      met: bounded,
    },
  );
}
writeResult("fuzz", `make fuzz RUNS=${RUNS} SEED=${SEED}`, rows, SEED);
console.log(`${PARSERS.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
