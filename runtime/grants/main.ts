import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { parseArgs, promisify } from "node:util";
import { defineEvents } from "../../drivers/kit/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { addressSettings, type BrokerPlace, deviceRules, hostsOf, isKnown } from "./rules.ts";

const run = promisify(execFile);
const log = defineEvents("grants", {
  changed: {
    level: "info",
    what: "Devices and addresses were given to the processes that the configuration names",
    fields: ["devices", "addresses"],
  },
  unresolved: {
    level: "warn",
    what: "The broker's name has no address now; the core keeps the one that it had, or reaches nothing but this machine",
    fields: [],
  },
});

const DEVICE_RULES = "/run/udev/rules.d/72-guichet-devices.rules";
const CORE = "guichet-core.service";
const HOSTS = "/run/guichet/hosts";

/**
 * Gives the processes of a unit what its configuration names and nothing else: device nodes by rules of udev, the broker's
 * address by a setting of the core's service and the core's own `/etc/hosts`. Run as root, before the others start and every
 * ten minutes; ends with 1 while the broker's name cannot be resolved.
 */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: grants --state DIR");
  const configuration = await readConfiguration(state);
  // A unit without a configuration has nothing to give.
  if (!configuration.ok) return;
  const { devices, centre } = configuration.value;
  const place = await placeOf(new URL(centre.broker.url).hostname);
  const newAddresses = await grantAddresses(place);
  const newDevices = await changed(DEVICE_RULES, deviceRules(devices), async () => {
    await run("udevadm", ["control", "--reload"]);
    const subsystems = ["tty", "i2c-dev", "video4linux"].map((name) => `--subsystem-match=${name}`);
    await run("udevadm", ["trigger", "--settle", ...subsystems]);
  });
  if (newDevices || newAddresses)
    log("changed", { devices: devices.length, addresses: place.addresses.length });
  if (place.addresses.length > 0) return;
  log("unresolved");
  process.exitCode = 1;
}

/** The broker's addresses; none while its name cannot be resolved. */
async function placeOf(hostname: string): Promise<BrokerPlace> {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host)) return { host, addresses: [host] };
  const found = await lookup(host, { all: true }).catch(() => []);
  return { host, addresses: [...new Set(found.map(({ address }) => address))] };
}

/** Lets the core, running or not, reach the broker where it is now; a name that is not answered for leaves what was granted. */
async function grantAddresses(place: BrokerPlace): Promise<boolean> {
  const before = await readFile(HOSTS, "utf8").catch(() => "");
  const hosts = hostsOf(place);
  if (before === hosts || (place.addresses.length === 0 && isKnown(before, place.host))) return false;
  // Written last: it says what has been granted. A reload of the units would not reach a core that runs.
  await run("systemctl", ["set-property", "--runtime", CORE, ...addressSettings(place.addresses)]);
  // In place, because the core has this very file mounted.
  await writeFile(HOSTS, hosts);
  return true;
}

/** Writes rules that are not there yet and has them applied; those that could not be are not left to be taken for it. */
async function changed(path: string, text: string, apply: () => Promise<unknown>): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o644 });
  try {
    await apply();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return true;
}
