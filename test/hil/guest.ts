import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Image } from "./image.ts";
import { byLine, connectSoon } from "./lines.ts";

/** Ports on both sides: the page checks the address under which it is asked for. */
export const PORTS = {
  screen: 18_700,
  panel: 18_701,
  console: 18_702,
  broker: 18_703,
  portrait: 18_704,
  document: 18_705,
  vault: 18_706,
};

/** A USB device of the guest: the port of its bus, and what QEMU plugs in there. */
export interface Plug {
  id: string;
  port: number;
  driver: "usb-serial" | "usb-kbd" | "usb-storage";
  settings?: Record<string, unknown>;
}

export interface GuestOptions {
  image: Image;
  /** The disk that is written to. */
  disk: string;
  /** Folder of sockets and logs. */
  folder: string;
  /** Must come back in the guest's own log. */
  nonce: string;
  /** Host ends of serial adapters: by id, the terminal of the simulator. */
  serial: Record<string, string>;
  plugs: readonly Plug[];
  /** A file of the host that the guest reads as a disk, `/dev/vdb`. */
  shelf?: string;
}

/** What a command of the guest gave. */
export interface Ran {
  status: number;
  text: string;
}

interface Monitor {
  socket: Socket;
  waiting: ((answer: { return?: unknown; error?: { desc: string } }) => void)[];
}

/** One run of the virtual machine, from power on to its end. Its kernel may start anew in between. */
export class Guest {
  readonly #options: GuestOptions;
  readonly #child: ChildProcess;
  /** Resolves when the machine is off, however that came. */
  readonly ended: Promise<void>;
  readonly #waiting = new Map<number, (ran: Ran) => void>();
  #agent: Socket | undefined;
  #monitor: Monitor | undefined;
  #commands = 0;
  #hello: string | undefined;
  #onHello: ((boot: string) => void)[] = [];
  readonly #events = new Map<string, number>();
  #onEvent: { name: string; tell: () => void }[] = [];

  private constructor(options: GuestOptions, child: ChildProcess) {
    this.#options = options;
    this.#child = child;
    this.ended = new Promise((resolve) => child.once("exit", () => resolve()));
  }

  /** Switches the machine on. `booted` tells when its kernel serves. */
  static async start(options: GuestOptions): Promise<Guest> {
    const { folder } = options;
    const log = openSync(join(folder, "qemu.log"), "a");
    const child = spawn("qemu-system-x86_64", argumentsOf(options), { stdio: ["ignore", log, log] });
    closeSync(log);
    const guest = new Guest(options, child);
    const agent = await connectSoon(join(folder, "agent.sock"), guest.ended);
    guest.#agent = agent;
    byLine(agent, (line) => guest.#heard(line));
    const socket = await connectSoon(join(folder, "qmp.sock"), guest.ended);
    const monitor: Monitor = { socket, waiting: [] };
    guest.#monitor = monitor;
    byLine(socket, (line) => {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc: string }; event?: string };
      if (message.event) guest.#happened(message.event);
      if ("return" in message || "error" in message) monitor.waiting.shift()?.(message);
    });
    await guest.monitor("qmp_capabilities");
    return guest;
  }

  /** Process id of QEMU. */
  get pid(): number {
    return this.#child.pid as number;
  }

  get consoleLog(): string {
    return join(this.#options.folder, "console.log");
  }

  /** Resolves with the boot's own id when the guest takes commands; of a later boot than `after`. */
  async booted(after?: string): Promise<string> {
    const known = this.#hello;
    if (known !== undefined && known !== after) return known;
    return Promise.race([
      new Promise<string>((resolve) => this.#onHello.push(resolve)),
      this.ended.then(() => {
        throw new Error("the machine went off");
      }),
    ]);
  }

  /** Has bash of the guest, as root, run a command. Rejects when the machine goes off before it answers. */
  run(command: string): Promise<Ran> {
    const id = ++this.#commands;
    const answer = new Promise<Ran>((resolve) => this.#waiting.set(id, resolve));
    this.#agent?.write(`${id} ${Buffer.from(command).toString("base64")}\n`);
    return Promise.race([
      answer,
      this.ended.then(() => {
        throw new Error(`the machine went off during: ${command}`);
      }),
    ]);
  }

  /** The same; a command that fails is an error. @returns what it printed */
  async sh(command: string): Promise<string> {
    const { status, text } = await this.run(command);
    if (status !== 0) throw new Error(`guest: ${command}\nended with ${status}: ${text}`);
    return text.trim();
  }

  /** A command of QEMU's monitor (QMP). */
  async monitor(execute: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const monitor = this.#monitor;
    if (!monitor) throw new Error("no monitor");
    const answer = new Promise<{ return?: unknown; error?: { desc: string } }>((resolve) =>
      monitor.waiting.push(resolve),
    );
    monitor.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    const { error, return: value } = await answer;
    if (error) throw new Error(`${execute}: ${error.desc}`);
    return value;
  }

  /** How often QEMU has told of an event of this name. */
  count = (event: string): number => this.#events.get(event) ?? 0;

  /** Resolves when QEMU tells of the next event of this name, such as `WATCHDOG` or `RESET`. */
  next = (name: string): Promise<void> => new Promise((tell) => this.#onEvent.push({ name, tell }));

  async plug({ id, port, driver, settings = {} }: Plug): Promise<void> {
    await this.monitor("device_add", { driver, id, bus: "usb.0", port: String(port), ...settings });
  }

  async unplug(id: string): Promise<void> {
    await this.monitor("device_del", { id });
  }

  /** The end that no program of the guest sees coming. */
  cut(): Promise<void> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await this.monitor("quit").catch(() => undefined);
    const hard = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await this.ended;
    clearTimeout(hard);
  }

  #happened(event: string): void {
    this.#events.set(event, this.count(event) + 1);
    const waiting = this.#onEvent.filter(({ name }) => name === event);
    this.#onEvent = this.#onEvent.filter(({ name }) => name !== event);
    for (const { tell } of waiting) tell();
  }

  #heard(line: string): void {
    const [first = "", second = "", text = ""] = line.split(" ");
    if (first === "hello") {
      // What a boot was told, the next one knows nothing of.
      for (const answer of this.#waiting.values()) answer({ status: 255, text: "the machine started anew" });
      this.#waiting.clear();
      this.#hello = second;
      for (const tell of this.#onHello.splice(0)) tell(second);
      return;
    }
    this.#waiting.get(Number(first))?.({
      status: Number(second),
      text: Buffer.from(text, "base64").toString(),
    });
    this.#waiting.delete(Number(first));
  }
}

function argumentsOf({ image, disk, folder, nonce, serial, plugs, shelf }: GuestOptions): string[] {
  const socket = (id: string) => `socket,id=${id},path=${join(folder, `${id}.sock`)},server=on,wait=off`;
  const forward = (port: number) => `hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:${port}`;
  const drive = (id: string, file: string, more: string) => [
    "-drive",
    `file=${file},if=none,id=${id},${more}`,
    "-device",
    `virtio-blk-pci,drive=${id}`,
  ];
  return [
    // Emulated, not virtualised: it runs everywhere. Nehalem is the oldest processor that the packages are built for.
    ...["-M", "q35", "-accel", "tcg,thread=single", "-cpu", "Nehalem", "-smp", "1", "-m", "1024"],
    // Time of the guest is counted by its instructions, one a nanosecond, and stands while this machine does other things.
    ...["-icount", `shift=${process.env.SHIFT ?? 0},sleep=on`],
    ...["-nodefaults", "-display", "none", "-rtc", "base=utc,clock=host"],
    ...["-kernel", image.kernel, "-initrd", image.initrd],
    // Page tables that change with each call of the kernel cost an emulated processor more than the call. The bus is shut from
    // power-on, as docs/install.md has it.
    ...[
      "-append",
      `root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=5 mitigations=off transparent_hugepage=never usbcore.authorized_default=0 hil.nonce=${nonce}`,
    ],
    // What the guest has synced is with this machine's kernel, and stays when QEMU is killed; what it has not is lost.
    ...drive("root", disk, "cache=none"),
    ...(shelf ? drive("shelf", shelf, "format=raw,readonly=on") : []),
    ...["-netdev", ["user,id=net", ...[PORTS.screen, PORTS.vault].map(forward)].join(",")],
    ...["-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"],
    ...["-device", "virtio-serial-pci", "-chardev", socket("agent")],
    ...["-device", "virtserialport,chardev=agent,name=hil.agent"],
    ...["-device", "i6300esb", "-action", "watchdog=reset"],
    ...["-serial", `file:${join(folder, "console.log")}`],
    ...["-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control"],
    ...["-device", "qemu-xhci,id=usb,p2=8,p3=1"],
    ...Object.entries(serial).flatMap(([id, path]) => ["-chardev", `serial,id=${id},path=${path}`]),
    ...plugs.flatMap(({ id, port, driver, settings = {} }) => [
      "-device",
      [
        driver,
        `id=${id}`,
        "bus=usb.0",
        `port=${port}`,
        ...Object.entries(settings).map(([k, v]) => `${k}=${v}`),
      ].join(","),
    ]),
  ];
}
