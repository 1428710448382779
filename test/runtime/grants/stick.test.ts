import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import * as assert from "uvu/assert";
import { grantStick, STICK_RULES, stickRules } from "../../../runtime/grants/index.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("grants: the stick");

/** A device and its ancestors, from itself upwards, as udev asks them. */
type Chain = { subsystem: string; kernel: string; devtype?: string }[];

const usbDisk = (port: string, ...hubs: string[]): Chain => [
  { subsystem: "block", kernel: "sda", devtype: "disk" },
  { subsystem: "scsi", kernel: "0:0:0:0" },
  { subsystem: "usb", kernel: `${port}:1.0` },
  ...[port, ...hubs, "usb1"].map((kernel) => ({ subsystem: "usb", kernel })),
  { subsystem: "pci", kernel: "0000:01:00.0" },
];
const partition = (disk: Chain): Chain => [
  { subsystem: "block", kernel: "sda1", devtype: "partition" },
  ...disk,
];

/** What rules make of a device. Whoever writes a rule with a key that this does not know is told so. */
function properties(rules: string, chain: Chain): Record<string, string> {
  const [own] = chain;
  const found: Record<string, string> = {};
  for (const line of rules.split("\n").filter((text) => text && !text.startsWith("#"))) {
    const keys = [...line.matchAll(/([A-Z]+)(?:\{(\w+)\})?(==|\+=|=)"([^"]*)"(?:, )?/g)];
    assert.is(keys.map(([text]) => text).join(""), line, "every key is understood");
    const asked = (name: string) => keys.find(([, key, , op]) => key === name && op === "==")?.[4];
    const known = ["SUBSYSTEM", "SUBSYSTEMS", "KERNELS", "ENV"];
    for (const [, key = "", field, op] of keys)
      if (op === "==") assert.ok(known.includes(key) && (field ?? "DEVTYPE") === "DEVTYPE", line);
    const one = ({ subsystem, kernel }: Chain[number]) =>
      subsystem === (asked("SUBSYSTEMS") ?? subsystem) &&
      (asked("KERNELS") ?? kernel).split("|").includes(kernel);
    if (own?.subsystem !== (asked("SUBSYSTEM") ?? own?.subsystem)) continue;
    if (own?.devtype !== (asked("ENV") ?? own?.devtype)) continue;
    if (!chain.some(one)) continue;
    for (const [, key = "", field, op, value = ""] of keys) if (op !== "==") found[field ?? key] = value;
  }
  return found;
}

const CLOSED = {
  UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG: "1",
  SYSTEMD_READY: "0",
  UDISKS_IGNORE: "1",
  UDISKS_AUTO: "0",
  GROUP: "guichet-stick",
  MODE: "0660",
};

test("what is at the service port is the provisioner's, and udev looks into neither the whole nor its parts", () => {
  const rules = stickRules(["1-1.4"]);
  const stick = usbDisk("1-1.4", "1-1");
  assert.equal(properties(rules, stick), { ...CLOSED, SYMLINK: "guichet-stick" });
  assert.equal(properties(rules, partition(stick)), CLOSED);
});

test("a disk that is built in is left alone, whatever its place looks like", () => {
  const rules = stickRules(["1-1.4"]);
  for (const port of ["1-1.3", "1-1.41", "2-1.4", "1-1", "1-1.4.1"])
    for (const disk of [usbDisk(port), partition(usbDisk(port))]) assert.equal(properties(rules, disk), {});
  assert.equal(properties(rules, [{ subsystem: "block", kernel: "mmcblk0", devtype: "disk" }]), {});
});

test("udev meets the rule before its own, which look into every disk", () => {
  assert.ok(basename(STICK_RULES) < "60-block.rules");
  assert.ok(basename(STICK_RULES) > "50-udev-default.rules", "the group of every disk is set there");
});

function place(t: TestContext) {
  const folder = mkdtempSync("/dev/shm/guichet-grants-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [rules, devices] = [join(folder, "rules.d", basename(STICK_RULES)), join(folder, "devices")];
  mkdirSync(devices);
  const asked: string[] = [];
  const udevadm = async (...args: string[]) => asked.push(args.join(" "));
  return { rules, devices, asked, udevadm };
}

const usb = { servicePort: "1-1.4", internal: [] };

test("udev is told once, and what is in the port already is judged again", async (t) => {
  const { asked, ...at } = place(t);
  assert.is(await grantStick({ usb, ...at }), true);
  assert.is(readFileSync(at.rules, "utf8"), stickRules(["1-1.4"]));
  assert.equal(asked.splice(0), ["control --reload"], "nothing is there");
  assert.is(await grantStick({ usb, ...at }), false);
  assert.equal(asked, []);
  rmSync(at.rules);
  mkdirSync(join(at.devices, "1-1.4"));
  await grantStick({ usb, ...at });
  assert.equal(asked, [
    "control --reload",
    `trigger --settle --subsystem-match=block --parent-match=${at.devices}/1-1.4`,
  ]);
});

test("without a service port there is no rule, and one that was there goes", async (t) => {
  const { asked, ...at } = place(t);
  assert.is(await grantStick({ usb: undefined, ...at }), false);
  assert.equal(asked, []);
  await grantStick({ usb, ...at });
  assert.is(await grantStick({ usb: undefined, ...at }), true);
  assert.not.ok(existsSync(at.rules));
  assert.equal(asked, ["control --reload", "control --reload"]);
});

test("a connector of USB 3 is two places, and a stick is one at either", async (t) => {
  const both = ["1-1.4", "2-1.4"];
  const rules = stickRules(both);
  for (const port of both) assert.is(properties(rules, usbDisk(port)).SYMLINK, "guichet-stick", port);
  for (const port of ["2-1.3", "3-1.4", "2-1.41"]) assert.equal(properties(rules, usbDisk(port)), {}, port);
  const { asked, ...at } = place(t);
  mkdirSync(join(at.devices, "2-1.4"));
  await grantStick({ usb: { ...usb, servicePort: both }, ...at });
  assert.is(readFileSync(at.rules, "utf8"), rules);
  assert.equal(asked.slice(1), [
    `trigger --settle --subsystem-match=block --parent-match=${at.devices}/2-1.4`,
  ]);
});

test("a rule that udev was not told of is not left to be taken for one", async (t) => {
  const { asked, ...at } = place(t);
  const udevadm = async () => {
    throw new Error("no udev");
  };
  const failed = await grantStick({ usb, ...at, udevadm }).then(
    () => false,
    () => true,
  );
  assert.ok(failed);
  assert.not.ok(existsSync(at.rules));
  assert.is(await grantStick({ usb, ...at }), true);
  assert.equal(asked, ["control --reload"]);
});

run();
