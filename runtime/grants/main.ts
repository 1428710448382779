import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs, promisify } from "node:util";
import { defineEvents } from "../../drivers/kit/index.ts";
import { readBoard, readConfiguration, servicePorts } from "../../provisioning/index.ts";
import { grantAll, placeOf } from "./broker.ts";
import { addressSettings, type BrokerPlace, deviceRules, hostsOf, isKnown } from "./rules.ts";
import { grantStick } from "./stick.ts";
import { writeRules } from "./write.ts";

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
  stick: {
    level: "info",
    what: "What is plugged into the service port was given to the provisioner; without such a port nothing is",
    fields: ["port"],
  },
  board: {
    level: "error",
    what: "board.json says no place for sticks that could be told to udev",
    fields: [],
  },
});

const DEVICE_RULES = "/run/udev/rules.d/72-guichet-devices.rules";
const CORE = "guichet-core.service";
const HOSTS = "/run/guichet/hosts";

/**
 * Gives the processes of a unit what its configuration names and nothing else: device nodes by rules of udev, the broker's
 * address by a setting of the core's service and the core's own `/etc/hosts`. Run as root, before the others start and every
 * ten minutes; ends with 1 while the broker's name cannot be resolved. With `--board` it gives what is at the service port
 * instead, before the gate of the bus admits anything.
 */
export async function main(): Promise<void> {
  const { state, board } = parseArgs({
    options: { state: { type: "string" }, board: { type: "string" } },
  }).values;
  if (board) return grantPort(board);
  if (!state) throw new TypeError("usage: grants --state DIR | --board FILE");
  const configuration = await readConfiguration(state);
  // A unit without a configuration has nothing to give.
  if (!configuration.ok) return;
  const { devices, centre } = configuration.value;
  const { place, changed } = await grantAll({
    devices: () =>
      writeRules(DEVICE_RULES, deviceRules(devices), async () => {
        await run("udevadm", ["control", "--reload"]);
        const subsystems = ["tty", "i2c-dev", "video4linux"].map((name) => `--subsystem-match=${name}`);
        await run("udevadm", ["trigger", "--settle", ...subsystems]);
      }),
    place: () => placeOf(new URL(centre.broker.url).hostname),
    addresses: grantAddresses,
  });
  if (changed) log("changed", { devices: devices.length, addresses: place.addresses.length });
  if (place.addresses.length > 0) return;
  log("unresolved");
  // At once: a question that is still out would keep the process, and with it the others, waiting.
  process.exit(1);
}

async function grantPort(path: string): Promise<void> {
  const board = await readBoard(path);
  if (board.ok) {
    const { usb } = board.value;
    if (await grantStick({ usb })) log("stick", { port: servicePorts(usb).join(" ") });
    return;
  }
  log("board", {}, board.error);
  process.exitCode = 1;
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
