/**
 * The core's back half as a process of its own, to be killed. Arguments: state folder, then `submit` to hand one draft in.
 * Prints `{"submitted":…}` and, each time, `{"pending":n}` as JSON lines.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setLog, systemClock } from "../../../../drivers/kit/index.ts";
import type { UnitConfiguration } from "../../../../provisioning/index.ts";
import { startBackOffice } from "../../../../runtime/core/backoffice.ts";
import { draft } from "../../../support/office.ts";

const [state = "", ...what] = process.argv.slice(2);
setLog({ level: "error" });
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

const office = await startBackOffice({
  state,
  configuration: JSON.parse(readFileSync(join(state, "config", "unit.json"), "utf8")) as UnitConfiguration,
  clock: systemClock,
  version: "1.0.0",
  offers: () => ({}),
  backoff: [20, 200],
  patienceMs: 300,
});
const tell = async () => say({ pending: (await office.submissions.pending()).count });
office.submissions.events.on("changed", () => void tell());
office.goOnline();
if (what.includes("submit")) {
  const submitted = await office.submissions.submit(draft());
  say(submitted.ok ? { submitted: submitted.value } : { failed: submitted.error.code });
}
await tell();
