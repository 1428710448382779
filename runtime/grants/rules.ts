import { type DeviceConfiguration, processOf } from "../../drivers/registry/index.ts";

/** Whose a device node is: one process's, or both of those that hang on one bus. */
type Process = "vault" | "senses";

/** Names that mean nothing but themselves in a rule of udev. */
const PLAIN = /^[A-Za-z0-9_./:@+-]+$/;

/** What a device's configuration says of the nodes that it is reached by, as the match of a udev rule. */
function matchesOf(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, own] of Object.entries(value)) {
    if (key === "path" && typeof own === "string" && own.startsWith("/dev/") && PLAIN.test(own)) {
      const name = own.slice("/dev/".length);
      const subsystem = name.startsWith("v4l/") || name.startsWith("video") ? "video4linux" : "tty";
      const where = name.includes("/") ? `SYMLINK=="${name}"` : `KERNEL=="${name}"`;
      found.add(`SUBSYSTEM=="${subsystem}", ${where}`);
    } else if (key === "bus" && Number.isInteger(own)) {
      found.add(`SUBSYSTEM=="i2c-dev", KERNEL=="i2c-${own}"`);
    } else matchesOf(own, found);
  }
  return found;
}

/**
 * Rules of udev that give each serial line, bus and camera of the configuration to the process that drives it, also when it
 * is plugged in later and under another name. What the configuration does not name stays root's.
 */
export function deviceRules(devices: readonly DeviceConfiguration[]): string {
  const owners = new Map<string, Set<Process>>();
  for (const device of devices)
    for (const match of matchesOf(device)) {
      const all = owners.get(match) ?? new Set();
      owners.set(match, all.add(processOf(device)));
    }
  const rules = [...owners].sort().map(([match, processes]) => {
    const [owner, group = owner] = [...processes].sort().map((process) => `guichet-${process}`);
    return `${match}, OWNER="${owner}", GROUP="${group}", MODE="0660"`;
  });
  return ["# Written at each start from the unit's configuration.", ...rules, ""].join("\n");
}

/** Where the core may connect to: the name by which the configuration knows the broker, and its addresses at this time. */
export interface BrokerPlace {
  host: string;
  addresses: readonly string[];
}

const HEAD = "# Written from the unit's configuration: the core's /etc/hosts.\n127.0.0.1 localhost\n";

/**
 * What stands in for the core's `/etc/hosts`: the broker's name is looked up there and nowhere else, so that the core needs no
 * name server.
 */
export const hostsOf = ({ host, addresses }: BrokerPlace): string =>
  HEAD +
  [...addresses]
    .sort()
    .map((ip) => `${ip} ${host}\n`)
    .join("");

/** Whether a file of `hostsOf` has an address for this name. */
export const isKnown = (hosts: string, host: string): boolean =>
  hosts.startsWith(HEAD) &&
  hosts
    .slice(HEAD.length)
    .split("\n")
    .some((line) => line.endsWith(` ${host}`));

/** Settings for `systemctl set-property` that leave the core this machine's own address and the broker's. */
export const addressSettings = (addresses: readonly string[]): string[] => [
  "IPAddressAllow=",
  ...["127.0.0.1", ...[...addresses].sort()].map((ip) => `IPAddressAllow=${ip}`),
];
