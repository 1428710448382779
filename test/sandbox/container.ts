import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "../kit.ts";

/** Debian 13 as small as it boots, with the Node of its archive. */
const PACKAGES = "systemd-sysv,udev,nodejs,dbus,kbd";
/**
 * cgroups of the new kind, to which systemd's filters of addresses and devices belong; where this machine itself has the old
 * kind, without limits of memory and tasks.
 */
const env = { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" };
/** Where the groups of a container lie; filters of one that was killed would hold for the next. */
const GROUPS = ((): string => {
  const mount = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  if (!mount || own === undefined) throw new Error("this machine has no cgroups of the new kind");
  return join(mount, own, "payload");
})();
const ALWAYS = ["--register=no", "--keep-unit", "-q"];

/** The tree of files, made once; from where this machine has its own packages. */
export function makeTree(tree: string): void {
  if (existsSync(join(tree, "usr/bin/node"))) return;
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const mirror = execFileSync("apt-get", ["indextargets", "--format", "$(SITE)", "Created-By: Packages"], {
    encoding: "utf8",
  }).split("\n")[0];
  execFileSync(
    "mmdebstrap",
    ["--quiet", "--variant=minbase", `--include=${PACKAGES}`, "trixie", tree, mirror ?? ""],
    {
      stdio: "inherit",
    },
  );
}

/** A unit in a container: the package on a systemd of its own. What it leaves in the tree is cleared at the next start. */
export class Container {
  readonly #tree: string;
  readonly #child: ChildProcess;
  #init = 0;
  #loop: string | undefined;

  /** Its first process, as this machine counts. */
  get pid(): number {
    return this.#init;
  }

  private constructor(tree: string, child: ChildProcess) {
    this.#tree = tree;
    this.#child = child;
  }

  /**
   * Boots an empty unit.
   * @param options `deb`: installed before; when absent nothing is. `files`: what is laid into /opt, by its name there
   */
  static async boot(
    tree: string,
    options: { deb?: string; identity: string; files: Record<string, string> },
  ): Promise<Container> {
    const dpkg = (...args: string[]) =>
      execFileSync("systemd-nspawn", [...ALWAYS, "--setenv=GUICHET_PURGE=yes", "-D", tree, "dpkg", ...args], {
        env,
        stdio: "ignore",
      });
    if (existsSync(join(tree, "var/lib/dpkg/info/guichet.list"))) dpkg("--purge", "guichet");
    for (const path of ["var/lib/guichet", "opt", "etc/guichet"])
      rmSync(join(tree, path), { recursive: true, force: true });
    mkdirSync(join(tree, "etc/guichet"), { recursive: true });
    mkdirSync(join(tree, "opt"));
    writeFileSync(join(tree, "etc/guichet/identity.json"), options.identity);
    for (const [to, from] of Object.entries(options.files))
      cpSync(from, join(tree, "opt", to), { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", join(tree, "opt")]);
    if (options.deb) {
      cpSync(options.deb, join(tree, "opt/guichet.deb"));
      dpkg("-i", "/opt/guichet.deb");
    }
    if (existsSync(GROUPS))
      execFileSync("find", [GROUPS, "-mindepth", "1", "-depth", "-type", "d", "-delete"]);
    const log = openSync(join(tree, "../boot.log"), "w");
    const child = spawn(
      "systemd-nspawn",
      [...ALWAYS, "--private-network", "--capability=all", "--system-call-filter=bpf", "-b", "-D", tree],
      { env, stdio: ["ignore", log, log] },
    );
    const container = new Container(tree, child);
    try {
      await eventually(
        "the container's systemd runs",
        () => container.#find(options.deb ? "guichet-provisioner.service" : "multi-user.target"),
        60_000,
      );
    } catch (error) {
      await container.stop();
      throw error;
    }
    return container;
  }

  #find(up: string): boolean {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
        if (Number(after.split(" ")[1]) === this.#child.pid) this.#init = Number(pid);
      } catch {
        // gone meanwhile
      }
    }
    return this.#init !== 0 && this.tryRun("systemctl", "is-active", up);
  }

  /** What a command came to and everything that it said; `said` is called with each line. */
  async try(
    command: readonly string[],
    said: (line: string) => void = () => undefined,
  ): Promise<{ status: number | null; text: string }> {
    const child = spawn("nsenter", ["-t", String(this.#init), "-a", "--", ...command], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const from of [child.stdout, child.stderr])
      createInterface({ input: from }).on("line", (line) => {
        text += `${line}\n`;
        said(line);
      });
    const [status] = (await once(child, "close")) as [number | null];
    return { status, text };
  }

  /** What a command prints. @throws when it ends with another code than 0 */
  run(...command: string[]): string {
    return execFileSync("nsenter", ["-t", String(this.#init), "-a", "--", ...command], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  }

  tryRun(...command: string[]): boolean {
    try {
      this.run(...command);
      return true;
    } catch {
      return false;
    }
  }

  /** Writes a file of the unit, in place. */
  write(path: string, text: string): void {
    execFileSync("nsenter", ["-t", String(this.#init), "-a", "--", "sh", "-c", `cat > ${path}`], {
      input: text,
    });
  }

  /** A stick in the service port: an image as a block device, under the name that udev would give it. */
  plug(image: string): void {
    const loop = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
    this.#loop = loop;
    const node = `mknod -m 0660 ${loop} b 7 ${loop.replace("/dev/loop", "")} && chown root:guichet-stick ${loop}`;
    // A loop is no disk of SCSI, as a stick is.
    const drop = "/run/systemd/system/guichet-stick@.service.d";
    this.run(
      "sh",
      "-c",
      `mkdir -p ${drop} && printf '[Service]\nDeviceAllow=block-loop r\n' > ${drop}/50-loop.conf`,
    );
    this.run("systemctl", "daemon-reload");
    this.run("sh", "-c", `rm -f ${loop}; ${node} && ln -sfn ${loop} /dev/guichet-stick`);
  }

  /** What the reader says of the stick, to the provisioner's user. */
  readStick(): Buffer {
    const client = `require("node:net").connect("/run/guichet/stick.sock").pipe(process.stdout)`;
    return execFileSync(
      "nsenter",
      [
        "-t",
        String(this.#init),
        "-a",
        "--",
        "runuser",
        "-u",
        "guichet-provisioner",
        "--",
        "node",
        "-e",
        client,
      ],
      { maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "ignore"] },
    );
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    process.kill(this.#init || (this.#child.pid ?? 0), "SIGKILL");
    await gone;
    if (this.#loop) execFileSync("losetup", ["--detach", this.#loop]);
    rmSync(join(this.#tree, "var/lib/guichet"), { recursive: true, force: true });
  }
}
