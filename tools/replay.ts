import { readFileSync } from "node:fs";
import { flightFormat } from "../drivers/flight/index.ts";
import { type Fault, setLog } from "../drivers/kit/index.ts";
import { type Outcome, replay } from "../drivers/replay/index.ts";

/** `make replay FILE=…`: plays flight recordings to the drivers and says whether the same comes of them. */
setLog({ level: "error" });
const files = process.argv.slice(2);
if (files.length === 0) {
  console.error(
    "make replay FILE=recording.jsonl; a unit keeps its recordings in <state>/vault/flights and senses/flights",
  );
  process.exit(2);
}

const { readFlight } = await flightFormat();
let failed = 0;
for (const file of files) {
  const flight = readFlight(readFileSync(file, "utf8"));
  const played = flight.ok ? await replay(flight.value) : flight;
  if (!flight.ok || !played.ok) {
    failed++;
    tell(file, (played as { error: Fault }).error);
    continue;
  }
  const { header } = flight.value;
  const { recorded, replayed, same, differences } = played.value;
  if (!same) failed++;
  console.log(
    `${file}: ${header.role} (${header.driver}), ${header.why} ${header.code ?? ""} at ${header.began}, by guichet ${header.guichet}`,
  );
  console.log(`  recorded  ${words(recorded)}`);
  console.log(`  now       ${words(replayed)}`);
  for (const difference of differences.slice(0, 10)) console.log(`  ${difference}`);
  if (differences.length > 10) console.log(`  and ${differences.length - 10} more`);
  console.log(same ? "  the same" : "  NOT the same");
}
console.log(`${files.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

function words({ answers, faults }: Outcome): string {
  return `${faults.join(", then ") || "no fault"}; ${answers.join(", ") || "no verb"}`;
}

function tell(file: string, fault: Fault): void {
  const fields = Object.entries(fault.fields).map(([name, value]) => `${name} ${String(value)}`);
  console.log(`${file}: ${fault.code}: ${fault.row.what} (${fields.join(", ")}). ${fault.row.todo}.`);
}
