import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { setLog } from "../../drivers/kit/index.ts";
import { keepResult, type ResultRow, writeResult } from "../../tools/results.ts";
import { guestImage } from "./image.ts";
import { drawNonce, startHil } from "./rig.ts";
import { type Note, type Scenario, since } from "./scenario.ts";
import { traces } from "./traces.ts";

/**
 * `make hil`: the package installed on a real kernel under QEMU, with the bench around it. Scenarios run one after the other
 * on one machine; `T=part-of-a-name,another` runs some of them, after the first, which makes the unit. The whole run before
 * stays recorded beside this one: what counts passes twice, with different nonces.
 */
const ORDER = [
  "first-boot",
  "keyboard",
  "replug",
  "pulse",
  "journey",
  "wedged",
  "bad-configuration",
  "frozen",
  "figures",
  "instructions",
  "power",
];
const LOGS = "docs/results/hil";

setLog({ level: "error" });
const wanted = process.env.T?.split(",").filter(Boolean) ?? [];
const whole = wanted.length === 0;
const scenarios: Scenario[] = [];
for (const [index, file] of ORDER.entries())
  if (index === 0 || whole || wanted.some((part) => file.includes(part)))
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
let passed = 0;
let failed = 0;
let tried = 0;
/** What is known so far; written after each scenario, so that a run that is broken off leaves what it has seen. */
const publish = (rest: readonly Scenario[]): void => {
  const goal = { goal: "seen", met: false };
  const open: ResultRow[] = rest.map(({ name }) => ({ name, value: "not reached", unit: "", ...goal }));
  if (!whole)
    return writeResult(`hil-${wanted.join("-")}`, `make hil T=${wanted.join(",")}`, [...rows, ...open]);
  writeResult("hil", "make hil", [...rows, ...open]);
  mkdirSync(LOGS, { recursive: true });
  const text = stripVTControlCharacters(readFileSync(rig.guest.consoleLog, "latin1"));
  writeFileSync(join(LOGS, "console.txt"), text.replaceAll("\r", ""));
};

if (whole) keepResult("hil");
const rig = await startHil({ image, nonce });
try {
  row("power on until the guest takes commands", since(began), "s");
  publish(scenarios);
  for (const [index, { name, run }] of scenarios.entries()) {
    console.log(name);
    const started = performance.now();
    const note: Note = (what, value, unit, goal) => row(`${name}: ${what}`, value, unit, goal);
    const error = await run(rig, note).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    row(name, error ? "failed" : "seen", `after ${since(started)} s`, { text: "seen", met: !error });
    if (error) failed++;
    else passed++;
    tried = index + 1;
    publish(scenarios.slice(tried));
    if (!error) continue;
    console.error(error);
    const { text } = await rig.guest.run("journalctl --no-pager -n 200 -o short-monotonic");
    console.error(text);
    // Without a unit in service there is nothing to try.
    if (index === 0) break;
  }
  // Not every scenario leaves it everywhere.
  for (const [where, times] of whole ? Object.entries(await traces(rig)) : []) {
    row(`the nonce in ${where}`, times, "lines", { text: "> 0", met: times > 0 });
    if (times === 0) failed++;
  }
  row("the whole run", since(began), "s");
  publish(scenarios.slice(tried));
} finally {
  await rig.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed === scenarios.length ? 0 : 1);
