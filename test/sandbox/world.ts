import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { eventually } from "../kit.ts";

const GATEWAY = "10.9.8.254";
const GATEWAY6 = "fd00:9::254";

/** Of `host:port`. */
export const hostOf = (target: string): string =>
  target.slice(0, target.lastIndexOf(":")).replace(/^\[|\]$/g, "");
/** An address of IPv6 is not in use before others had the time to object. */
const options = (address: string): string[] => (address.includes(":") ? ["nodad"] : []);
const networkOf = (pid: number | "self" | undefined): string => readlinkSync(`/proc/${pid}/ns/net`);
const ip = (pid: number | undefined, ...command: string[]): void =>
  void execFileSync("nsenter", ["-t", String(pid), "-n", "ip", ...command]);

/**
 * The network that a unit in a container hangs on: a network of its own with somebody listening at each address, who tells
 * who has come.
 */
export class World {
  readonly #child: ChildProcess;
  readonly #pid: number;
  /** Where the last visitor goes. */
  readonly #bell: string;
  readonly #seen: string[] = [];

  private constructor(child: ChildProcess, pid: number, bell: string) {
    this.#child = child;
    this.#pid = pid;
    this.#bell = bell;
    if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => this.#seen.push(line));
  }

  /** @param pid a process in the unit's network, @param targets `address:port` of those who are there */
  static async open(pid: number, targets: readonly string[]): Promise<World> {
    const child = spawn(
      "unshare",
      ["-n", "sh", "-c", `read go && exec node test/sandbox/world.cjs ${GATEWAY}:9 ${targets.join(" ")}`],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const world = new World(child, pid, `${GATEWAY}:9`);
    const there = (...command: string[]) => ip(child.pid, ...command);
    const unit = (...command: string[]) => ip(pid, ...command);
    // Until it has left, it is in the network of this machine.
    await eventually("a network of its own", () => networkOf(child.pid) !== networkOf("self"));
    unit("link", "add", "host0", "type", "veth", "peer", "name", "unit0", "netns", String(child.pid));
    for (const address of [`${GATEWAY}/24`, `${GATEWAY6}/64`, ...targets.map(hostOf)])
      there("addr", "add", address, "dev", "unit0", ...options(address));
    for (const address of ["10.9.8.1/24", "fd00:9::1/64"])
      unit("addr", "add", address, "dev", "host0", ...options(address));
    there("link", "set", "unit0", "up");
    unit("link", "set", "host0", "up");
    unit("route", "add", "default", "via", GATEWAY);
    unit("-6", "route", "add", "default", "via", GATEWAY6);
    child.stdin?.end("go\n");
    return world.#ready();
  }

  /** Somebody who listens on the unit itself. */
  static inside(pid: number, targets: readonly string[]): Promise<World> {
    const bell = "127.0.0.1:9";
    const child = spawn(
      "nsenter",
      ["-t", String(pid), "-n", process.execPath, "test/sandbox/world.cjs", bell, ...targets],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    return new World(child, pid, bell).#ready();
  }

  async #ready(): Promise<World> {
    await eventually("somebody listens at each address", () => this.#seen.includes("ready"));
    this.#seen.length = 0;
    return this;
  }

  /** Who has been reached since the last question, each once. */
  async seen(): Promise<string[]> {
    // A last visitor, after whom all that was sent before him has been read.
    const bell = `exec 3<>/dev/tcp/${this.#bell.replace(":", "/")}`;
    execFileSync("nsenter", ["-t", String(this.#pid), "-n", "bash", "-c", bell]);
    await this.visited(this.#bell, 5_000);
    return [...new Set(this.#seen.splice(0))].filter((one) => one !== this.#bell);
  }

  /** Waits until somebody comes to `place`. */
  async visited(place: string, ms: number): Promise<void> {
    await eventually(`somebody comes to ${place}`, () => this.#seen.includes(place), ms);
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
