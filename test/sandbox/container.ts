import { type ChildProcess, execFileSync, spawn } from "node:child_process";
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
import { eventually } from "../kit.ts";

/** Debian 13 as small as it boots, with the Node of its archive. */
const PACKAGES = "systemd-sysv,udev,nodejs,dbus,kbd";
/** systemd of Debian 13 wants to be told that it may run where cgroups are of the old kind. */
const LEGACY = existsSync("/sys/fs/cgroup/cgroup.controllers")
  ? { env: {}, init: [] }
  : {
      env: { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "0" },
      init: ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"],
    };
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

  private constructor(tree: string, child: ChildProcess) {
    this.#tree = tree;
    this.#child = child;
  }

  static async boot(
    tree: string,
    options: { deb: string; identity: string; files: Record<string, string> },
  ): Promise<Container> {
    for (const path of ["var/lib/guichet", "opt", "etc/guichet"])
      rmSync(join(tree, path), { recursive: true, force: true });
    mkdirSync(join(tree, "etc/guichet"), { recursive: true });
    mkdirSync(join(tree, "opt"));
    writeFileSync(join(tree, "etc/guichet/identity.json"), options.identity);
    cpSync(options.deb, join(tree, "opt/guichet.deb"));
    for (const [to, from] of Object.entries(options.files))
      cpSync(from, join(tree, "opt", to), { recursive: true });
    execFileSync("chmod", ["-R", "a+rX", join(tree, "opt")]);
    const env = { ...process.env, ...LEGACY.env };
    execFileSync("systemd-nspawn", [...ALWAYS, "-D", tree, "dpkg", "-i", "/opt/guichet.deb"], {
      env,
      stdio: "ignore",
    });
    const log = openSync(join(tree, "../boot.log"), "w");
    const child = spawn(
      "systemd-nspawn",
      [...ALWAYS, "--private-network", "--capability=all", "-b", "-D", tree, ...LEGACY.init],
      { env, stdio: ["ignore", log, log] },
    );
    const container = new Container(tree, child);
    await eventually("the container's systemd runs", () => container.#find(), 60_000);
    return container;
  }

  #find(): boolean {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
        if (Number(after.split(" ")[1]) === this.#child.pid) this.#init = Number(pid);
      } catch {
        // gone meanwhile
      }
    }
    return this.#init !== 0 && this.tryRun("systemctl", "is-active", "guichet-provisioner.service");
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

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    process.kill(this.#init, "SIGKILL");
    await gone;
    rmSync(join(this.#tree, "var/lib/guichet"), { recursive: true, force: true });
  }
}
