import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer } from "../../provisioning/answer/index.ts";
import { readReplyFile, replyFile } from "../../provisioning/answer/index.ts";
import type { Guest } from "./guest.ts";
import { SERVICE_PORT } from "./unit.ts";

const MEGABYTES = 64;
let sticks = 0;

/** A stick as an operator writes it: one FAT file system with bundles, and the place for the unit's answer. */
export class Stick {
  readonly image: string;
  readonly #id = `stick${++sticks}`;

  constructor(folder: string, bundles: Record<string, Uint8Array>) {
    this.image = join(folder, `${this.#id}.img`);
    const files = mkdtempSync(join(folder, "files-"));
    execFileSync("mkfs.vfat", ["-C", "-n", "GUICHET", "-F", "32", this.image, String(MEGABYTES * 1024)], {
      stdio: "ignore",
    });
    for (const [name, bytes] of Object.entries({ "REPLY.BIN": replyFile(), ...bundles })) {
      writeFileSync(join(files, name), bytes);
      execFileSync("mcopy", ["-i", this.image, join(files, name), `::${name}`]);
    }
    rmSync(files, { recursive: true });
  }

  async plugIn(guest: Guest): Promise<void> {
    const node = this.#id;
    await guest.monitor("blockdev-add", {
      driver: "raw",
      "node-name": node,
      file: { driver: "file", filename: this.image },
    });
    await guest.plug({
      id: node,
      port: SERVICE_PORT,
      driver: "usb-storage",
      settings: { drive: node, removable: true },
    });
  }

  async pullOut(guest: Guest): Promise<void> {
    await guest.unplug(this.#id);
    // The block device is free when the guest has let go of the stick.
    for (;;) {
      const busy = await guest.monitor("blockdev-del", { "node-name": this.#id }).then(
        () => false,
        () => true,
      );
      if (!busy) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** The unit's answer, as an operator's tool reads it; undefined while there is none. */
  answer(): Answer | undefined {
    const file = `${this.image}.reply`;
    if (statSync(this.image).size === 0) return undefined;
    execFileSync("mcopy", ["-n", "-o", "-i", this.image, "::REPLY.BIN", file]);
    const read = readReplyFile(execFileSync("cat", [file]));
    return read.ok ? read.value : undefined;
  }
}
