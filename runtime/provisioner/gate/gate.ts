import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineEvents } from "../../../drivers/kit/index.ts";
import { type Board, servicePorts } from "../../../provisioning/index.ts";
import { decideUsb, parseDescriptors, type UsbDecision } from "../../../provisioning/usb/index.ts";

const log = defineEvents("usb", {
  admitted: { level: "info", what: "A USB device is let in", fields: ["port", "vendor", "product"] },
  denied: {
    level: "warn",
    what: "A USB device is kept out; its descriptors are named by their hash",
    fields: ["port", "vendor", "product", "why", "descriptors"],
  },
  failed: { level: "error", what: "A USB device could not be looked at or switched", fields: ["port"] },
  openAtBoot: {
    level: "warn",
    what: "Whatever was plugged in when the board was switched on was let in until now: the kernel was not told to keep it out",
    fields: ["remedy"],
  },
});

export interface GateOptions {
  usb: Board["usb"];
  /** Undefined while nobody can say: nothing is let in then, and what was let in stays. */
  doorOpen: () => Promise<boolean | undefined>;
  /** `/sys/bus/usb/devices`; the tests have their own. */
  root?: string;
  /** What the kernel was told of devices that it meets before anybody looks; the tests have their own. */
  parameter?: string;
}

const PORT = /^[0-9]+-[0-9]+(\.[0-9]+)*$/;
const BUS = /^usb[0-9]+$/;

/**
 * Keeps the USB bus shut: the kernel authorises nothing by itself, and what the gate does not let in gets no driver. It
 * looks at everything that is there each time, so that nothing is missed and what was let in goes with its reason.
 */
export class UsbGate {
  readonly #usb: Board["usb"];
  readonly #doorOpen: GateOptions["doorOpen"];
  readonly #root: string;
  readonly #parameter: string;
  /** What was last said of what is at a port. */
  readonly #said = new Map<string, string>();

  constructor(options: GateOptions) {
    this.#usb = options.usb;
    this.#doorOpen = options.doorOpen;
    this.#root = options.root ?? "/sys/bus/usb/devices";
    this.#parameter = options.parameter ?? "/sys/module/usbcore/parameters/authorized_default";
  }

  /** Says so when the bus was open from power-on until now, on a board with a port for strangers. Asked once, at the start. */
  async checkBoot(): Promise<void> {
    if (!this.#usb) return;
    const told = await readFile(this.#parameter, "utf8").catch(() => undefined);
    // A kernel without USB has let nothing in.
    if (told === undefined || told.trim() === "0") return;
    log("openAtBoot", {
      remedy: "usbcore.authorized_default=0 on the kernel's command line (install.md, 2)",
    });
  }

  /** Looks at the whole bus. @returns whether something is at the service port for which the door matters */
  async look(): Promise<boolean> {
    const names = await readdir(this.#root).catch(() => []);
    for (const bus of names.filter((name) => BUS.test(name)))
      await this.#set(bus, "authorized_default", false);
    const ports = names.filter((name) => PORT.test(name));
    for (const port of this.#said.keys()) if (!ports.includes(port)) this.#said.delete(port);
    const inPort = servicePorts(this.#usb).some((port) => ports.includes(port));
    const doorOpen = inPort ? await this.#doorOpen() : false;
    for (const port of ports) await this.#judge(port, doorOpen);
    return inPort;
  }

  async #judge(port: string, doorOpen: boolean | undefined): Promise<void> {
    const bytes = await readFile(join(this.#root, port, "descriptors")).catch(() => undefined);
    // It went while the bus was looked at.
    if (!bytes) return;
    const device = parseDescriptors(bytes);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const decision = decideUsb(this.#usb, port, device, doorOpen ?? (await this.#isIn(port, hash)));
    await this.#set(port, "authorized", decision.admit);
    this.#say(port, decision, device, hash);
  }

  /** The very device that was let in: what was plugged in since has another state, whatever it says of itself. */
  async #isIn(port: string, hash: string): Promise<boolean> {
    const authorized = await readFile(join(this.#root, port, "authorized"), "utf8").catch(() => "0");
    return this.#said.get(port) === `${hash} ` && authorized.trim() === "1";
  }

  #say(port: string, decision: UsbDecision, device: ReturnType<typeof parseDescriptors>, hash: string): void {
    const why = decision.admit ? "" : decision.why;
    const said = `${hash} ${why}`;
    if (this.#said.get(port) === said) return;
    this.#said.set(port, said);
    const fields = { port, vendor: device?.vendor, product: device?.product };
    if (decision.admit) log("admitted", fields);
    else log("denied", { ...fields, why, descriptors: hash });
  }

  /** Writes only what is not so already: an authorisation that is repeated makes the kernel choose anew. */
  async #set(name: string, file: "authorized" | "authorized_default", on: boolean): Promise<void> {
    const path = join(this.#root, name, file);
    const wanted = on ? "1" : "0";
    try {
      if ((await readFile(path, "utf8")).trim() !== wanted) await writeFile(path, wanted);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") log("failed", { port: name }, error);
    }
  }
}
