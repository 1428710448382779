import { createInterface } from "node:readline/promises";
import {
  conform,
  type Depth,
  FULL,
  type RealDevice,
  type Subject,
  sentences,
  subjectOf,
} from "../drivers/conformance/index.ts";
import { setLog } from "../drivers/kit/index.ts";
import { systemPorts } from "../drivers/ports/index.ts";
import { DRIVER_NAMES } from "../drivers/registry/index.ts";

/**
 * `make conform DEVICE=driver-or-role`: the suite on the driver's simulator. With `PORT=/dev/serial/by-id/…`, `/dev/i2c-1` or
 * `chip:offset` on the device itself; with `MOVES=yes` it may move there, once for each case. `SETTINGS='{"board":2}'`
 * replaces settings of the sample configuration.
 */
const { DEVICE = "", PORT = "", MOVES, SETTINGS = "{}", SEED } = process.env;
/** A person stands beside a real device and arranges every case. */
const ON_HARDWARE: Depth = { replies: 2, bytes: 3 };

async function find(device: string): Promise<Subject> {
  for (const name of DRIVER_NAMES) {
    const subject = await subjectOf(name);
    if (name === device || subject.entry.configuration.role === device) return subject;
  }
  throw new TypeError(`DEVICE is one of ${DRIVER_NAMES.join(", ")}, or the role in its conformance entry`);
}

/** The sample configuration with the real port in its place. */
function settingsAt(configuration: Subject["entry"]["configuration"], port: string) {
  const settings = { ...configuration, ...(JSON.parse(SETTINGS) as object) };
  const bus = /^\/dev\/i2c-(\d+)$/.exec(port)?.[1];
  const [chip, offset] = port.split(":");
  if (bus) return { ...settings, bus: Number(bus) };
  if (port.startsWith("/dev/"))
    return { ...settings, port: { ...(configuration.port as object), path: port } };
  return { ...settings, line: { chip, offset: Number(offset) } };
}

setLog({ level: "error" });
const found = await find(DEVICE);
const lines = createInterface({ input: process.stdin, output: process.stdout });
let arranged = "";
const real: RealDevice = {
  ports: systemPorts(),
  moves: MOVES === "yes",
  async ask(words) {
    if (words === arranged) return;
    arranged = words;
    await lines.question(`Please see to it that ${words}, then press Enter. `);
  },
};
const subject: Subject = PORT
  ? { ...found, real, entry: { ...found.entry, configuration: settingsAt(found.entry.configuration, PORT) } }
  : found;
const report = await conform(subject, { seed: Number(SEED || 1), depth: PORT ? ON_HARDWARE : FULL });
lines.close();
for (const line of sentences(report)) console.log(line);
console.log(`${report.findings.length === 0 ? 1 : 0} passed, ${report.findings.length === 0 ? 0 : 1} failed`);
process.exit(report.findings.length === 0 ? 0 : 1);
