import { writeResult } from "../../tools/results.ts";
import { siege } from "./siege.ts";

/** `make hostile RUNS=n SEED=s`: n hostile messages, and a tenth as many requests of an honest core among them. */
const RUNS = Number(process.env.RUNS || 10_000);
const SEED = Number(process.env.SEED || 1);
const VALID = Math.ceil(RUNS / 10);

console.log(`hostile: ${RUNS} messages, ${VALID} valid requests, seed ${SEED}`);
const started = performance.now();
const { attacks, messages, valid, handovers, failures, refusals } = await siege(RUNS, VALID, SEED);
console.log(
  Object.entries(attacks)
    .map(([kind, n]) => `${n} × ${kind}`)
    .join(", "),
);
console.log(
  Object.entries(refusals)
    .map(([code, n]) => `${code} ${n}`)
    .join(", "),
);
for (const failure of failures) console.error(`FAILED ${failure}; seed ${SEED}`);
if (messages >= 100_000 && failures.length === 0)
  writeResult(
    "hostile",
    "make hostile RUNS=n SEED=s",
    [
      { name: "hostile messages", value: messages, unit: "messages", goal: "≥ 100,000", met: true },
      { name: "kinds of them", value: Object.keys(attacks).length, unit: "kinds" },
      {
        name: "motions that were not in order, by the plant",
        value: 0,
        unit: "motions",
        goal: "0",
        met: true,
      },
      {
        name: "valid requests, all of which worked",
        value: valid,
        unit: "requests",
        goal: "≥ 10,000",
        met: valid >= 10_000,
      },
      { name: "hand-overs among them", value: handovers, unit: "hand-overs" },
      { name: "time", value: Math.round((performance.now() - started) / 1000), unit: "s" },
    ],
    SEED,
  );
console.log(`${messages + valid - failures.length} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);
