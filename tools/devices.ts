import { writeFileSync } from "node:fs";
import {
  conform,
  devicesPage,
  FULL,
  type Report,
  sentences,
  subjectOf,
} from "../drivers/conformance/index.ts";
import { setLog } from "../drivers/kit/index.ts";
import { DRIVER_NAMES } from "../drivers/registry/index.ts";

/** Writes docs/devices.md by running the conformance suite, deep, on every driver of the registry. */
setLog({ level: "error" });
const seed = Number(process.env.SEED || 1);
const reports: Report[] = [];
for (const name of DRIVER_NAMES) {
  const report = await conform(await subjectOf(name), { seed, depth: FULL });
  reports.push(report);
  console.log(sentences(report).at(-1), name, `${report.cases} cases`);
}
writeFileSync("docs/devices.md", devicesPage(reports, new Date().toISOString().slice(0, 10)));
const failed = reports.filter(({ findings }) => findings.length > 0).length;
console.log(`${reports.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
