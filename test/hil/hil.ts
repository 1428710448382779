import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { setLog } from "../../drivers/kit/index.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { guestImage } from "./image.ts";
import { drawNonce, startHil } from "./rig.ts";
import { type Note, type Scenario, since } from "./scenario.ts";
import { traces } from "./traces.ts";

/**
 * `make hil`: the package installed on a real kernel under QEMU, with the bench around it. Scenarios run one after the other
 * on one machine; `T=part-of-a-name` runs some of them, after the first, which makes the unit.
 */
const ORDER = ["first-boot", "keyboard", "replug", "journey", "wedged", "bad-configuration", "frozen"];
/** What is to be seen on a real kernel and has no scenario yet. */
const MISSING = [
  "core and vault killed in the middle of a GPIO pulse: the line is low within 1 s",
  "kill -9 of QEMU at ten points of submit and hand-over, and the mutant synchronous=OFF",
  "the commands of docs/install.md run in a fresh guest",
  "start time and memory beside Node-RED in the guest",
];

setLog({ level: "error" });
const wanted = process.env.T;
const scenarios: Scenario[] = [];
for (const [index, file] of ORDER.entries())
  if (index === 0 || !wanted || file.includes(wanted))
    scenarios.push(((await import(`./scenarios/${file}.ts`)) as { scenario: Scenario }).scenario);

const nonce = drawNonce();
console.log(`nonce ${nonce}`);
const rows: ResultRow[] = [{ name: "nonce of this run", value: nonce, unit: "" }];
const row = (
  name: string,
  value: number | string,
  unit: string,
  goal?: { text: string; met: boolean },
): void => {
  rows.push({ name, value, unit, ...(goal ? { goal: goal.text, met: goal.met } : {}) });
  console.log(`  ${name}: ${value} ${unit}${goal ? ` (${goal.text}: ${goal.met ? "met" : "not met"})` : ""}`);
};

const deb = readdirSync("dist/deb").find((file) => file.endsWith("_amd64.deb"));
if (!deb) throw new Error("make deb has not been run");
const image = guestImage(join("dist/deb", deb));

const began = performance.now();
let failed = 0;
const rig = await startHil({ image, nonce });
try {
  row("power on until the guest takes commands", since(began), "s");
  let lost = false;
  for (const [index, { name, run }] of scenarios.entries()) {
    if (lost) {
      row(name, "not reached", "", { text: "seen", met: false });
      failed++;
      continue;
    }
    console.log(name);
    const started = performance.now();
    const note: Note = (what, value, unit, goal) => row(`${name}: ${what}`, value, unit, goal);
    const error = await run(rig, note).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    row(name, error ? "failed" : "seen", `after ${since(started)} s`, { text: "seen", met: !error });
    if (!error) continue;
    failed++;
    console.error(error);
    console.error(
      await rig.guest.run("journalctl --no-pager -n 200 -o short-monotonic").catch(() => undefined),
    );
    // Without a unit in service there is nothing to try.
    lost = index === 0;
  }
  for (const name of MISSING) row(name, "no scenario yet", "", { text: "seen", met: false });
  const found = await traces(rig);
  for (const [where, times] of Object.entries(found)) {
    row(`the nonce in ${where}`, times, "lines", { text: "> 0", met: times > 0 });
    if (times === 0) failed++;
  }
  if (!wanted) {
    mkdirSync("docs/results/hil", { recursive: true });
    writeFileSync(
      "docs/results/hil/console.log",
      stripVTControlCharacters(readFileSync(rig.guest.consoleLog, "latin1")).replaceAll("\r", ""),
    );
  }
} finally {
  await rig.stop();
}
row("the whole run", since(began), "s");
if (!wanted) writeResult("hil", "make hil", rows);
console.log(`${scenarios.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
