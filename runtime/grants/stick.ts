import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Board, servicePorts } from "../../provisioning/index.ts";
import { writeRules } from "./write.ts";

/** Sorts before the rules by which udev itself looks into what is on a disk: those begin with 60. */
export const STICK_RULES = "/run/udev/rules.d/59-guichet-stick.rules";

/**
 * Rules of udev for what is at the service port, whole or a partition: one name, for the provisioner alone. Nothing of udev
 * looks into it (file systems, volumes, arrays), and nothing of systemd waits for it. A disk that is elsewhere is none of ours.
 */
export function stickRules(ports: readonly string[]): string {
  // All keys in the plural have to be true of one and the same ancestor: the device at that place of the bus.
  const match = `SUBSYSTEM=="block", SUBSYSTEMS=="usb", KERNELS=="${ports.join("|")}"`;
  return [
    "# Written at each start from board.json.",
    `${match}, ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1", ENV{SYSTEMD_READY}="0"`,
    `${match}, ENV{UDISKS_IGNORE}="1", ENV{UDISKS_AUTO}="0", GROUP="guichet-stick", MODE="0660"`,
    `${match}, ENV{DEVTYPE}=="disk", SYMLINK+="guichet-stick"`,
    "",
  ].join("\n");
}

export interface StickGrant {
  usb: Board["usb"];
  /** The tests have their own: the file, where the kernel shows the bus, and udev's command. */
  rules?: string;
  devices?: string;
  udevadm?: (...args: string[]) => Promise<unknown>;
}

/**
 * Gives what is at the service port to the provisioner, what is plugged in there already too; without such a port nothing is
 * a stick.
 * @returns whether anything was changed
 */
export async function grantStick({
  usb,
  rules = STICK_RULES,
  devices = "/sys/bus/usb/devices",
  udevadm = (...args) => promisify(execFile)("udevadm", args),
}: StickGrant): Promise<boolean> {
  if (!usb) {
    if (!existsSync(rules)) return false;
    await rm(rules);
    await udevadm("control", "--reload");
    return true;
  }
  const ports = servicePorts(usb);
  return writeRules(rules, stickRules(ports), async () => {
    await udevadm("control", "--reload");
    for (const place of ports.map((port) => join(devices, port)).filter(existsSync))
      await udevadm("trigger", "--settle", "--subsystem-match=block", `--parent-match=${place}`);
  });
}
