import { execFile } from "node:child_process";
import { getServers } from "node:dns";
import { lookup } from "node:dns/promises";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { parseArgs, promisify } from "node:util";
import { defineEvents } from "../../drivers/kit/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { addressRules, deviceRules } from "./rules.ts";

const run = promisify(execFile);
const log = defineEvents("grants", {
  changed: {
    level: "info",
    what: "Devices and addresses were given to the processes that the configuration names",
    fields: ["devices", "addresses"],
  },
  unresolved: {
    level: "warn",
    what: "The broker's name has no address now; until it has, the core reaches nothing but this machine",
    fields: [],
  },
});

const DEVICE_RULES = "/run/udev/rules.d/72-guichet-devices.rules";
const ADDRESS_RULES = "/run/systemd/system/guichet-core.service.d/50-broker.conf";

/**
 * Gives the processes of a unit what its configuration names and nothing else: device nodes by rules of udev, the broker's
 * address by a drop-in of the core's service. Run as root, before the others start; ends with 1 while the broker's name
 * cannot be resolved.
 */
export async function main(): Promise<void> {
  const { state } = parseArgs({ options: { state: { type: "string" } } }).values;
  if (!state) throw new TypeError("usage: grants --state DIR");
  const configuration = await readConfiguration(state);
  // A unit without a configuration has nothing to give.
  if (!configuration.ok) return;
  const { devices, centre } = configuration.value;
  const { addresses, resolved } = await addressesOf(new URL(centre.broker.url).hostname);
  const newAddresses = await changed(ADDRESS_RULES, addressRules(addresses), () =>
    run("systemctl", ["daemon-reload"]),
  );
  const newDevices = await changed(DEVICE_RULES, deviceRules(devices), async () => {
    await run("udevadm", ["control", "--reload"]);
    const subsystems = ["tty", "i2c-dev", "video4linux"].map((name) => `--subsystem-match=${name}`);
    await run("udevadm", ["trigger", "--settle", ...subsystems]);
  });
  if (newDevices || newAddresses) log("changed", { devices: devices.length, addresses: addresses.length });
  if (resolved) return;
  log("unresolved");
  process.exitCode = 1;
}

/** The broker's addresses; where it has a name, also those of who resolves it. */
async function addressesOf(host: string): Promise<{ addresses: string[]; resolved: boolean }> {
  const plain = host.replace(/^\[|\]$/g, "");
  if (isIP(plain)) return { addresses: [plain], resolved: true };
  const found = await lookup(plain, { all: true }).catch(() => []);
  const servers = getServers().map((server) => server.replace(/^\[|\](:\d+)?$|(?<=\.\d+):\d+$/g, ""));
  return {
    addresses: [...new Set([...found.map(({ address }) => address), ...servers.filter((ip) => isIP(ip))])],
    resolved: found.length > 0,
  };
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
