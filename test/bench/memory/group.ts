import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../kit.ts";

const V2 = "/sys/fs/cgroup/cgroup.controllers";
const MIB = 1 << 20;

/** A limit of memory around some processes and all that they start, kept by the kernel; no swap. */
export class MemoryGroup {
  /** Undefined where this machine lets nobody make one: then there is no limit, and only what is summed up is known. */
  readonly #folder: string | undefined;
  readonly #v2 = existsSync(V2) && readFileSync(V2, "utf8").includes("memory");

  /** @param limitMib MiB */
  constructor(name: string, limitMib: number) {
    const folder = join(this.#v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", `${name}-${process.pid}`);
    try {
      mkdirSync(folder);
      const set = (file: string, value: number): void => writeFileSync(join(folder, file), String(value));
      if (this.#v2) {
        set("memory.max", limitMib * MIB);
        set("memory.swap.max", 0);
      } else {
        set("memory.limit_in_bytes", limitMib * MIB);
        if (existsSync(join(folder, "memory.memsw.limit_in_bytes")))
          set("memory.memsw.limit_in_bytes", limitMib * MIB);
      }
      this.#folder = folder;
    } catch (error) {
      if (!["EROFS", "EACCES", "EPERM", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw error;
    }
  }

  /** Which kind of cgroup keeps the limit; undefined where none does. */
  get kind(): "v1" | "v2" | undefined {
    return this.#folder === undefined ? undefined : this.#v2 ? "v2" : "v1";
  }

  /** What a shell does to be in it with all that it starts. */
  get entering(): string {
    return this.#folder === undefined ? ":" : `echo $$ > ${join(this.#folder, "cgroup.procs")}`;
  }

  /** What `start` starts is in it from its first page on: this process goes in and comes out again meanwhile. */
  around<T>(start: () => T): T {
    if (this.#folder === undefined) return start();
    const parent = this.#v2 ? /^0::(.*)$/m : /^\d+:memory:(.*)$/m;
    const own = parent.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
    const home = join(this.#folder, "..", own, "cgroup.procs");
    writeFileSync(join(this.#folder, "cgroup.procs"), String(process.pid));
    try {
      return start();
    } finally {
      writeFileSync(home, String(process.pid));
    }
  }

  #read = (file: string): string => readFileSync(join(this.#folder ?? "", file), "utf8");
  #stat = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)`, "m").exec(this.#read("memory.stat"))?.[1] ?? 0);

  /** Highest use so far as the kernel counts it, its own and the page cache included, MiB. */
  peak(): number {
    return Number(this.#read(this.#v2 ? "memory.peak" : "memory.max_usage_in_bytes")) / MIB;
  }

  /** What is not a file's and could only be swapped, now, MiB. */
  anonymous(): number {
    return this.#stat(this.#v2 ? "anon" : "total_rss") / MIB;
  }

  /** How often the kernel has ended one of its processes for want of memory. */
  kills(): number {
    const text = this.#read(this.#v2 ? "memory.events" : "memory.oom_control");
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /** Its processes now. */
  pids(): number[] {
    return this.#read("cgroup.procs").split("\n").filter(Boolean).map(Number);
  }

  /** Ends whatever is still in it. */
  async close(): Promise<void> {
    if (this.#folder === undefined) return;
    for (const pid of this.pids()) process.kill(pid, "SIGKILL");
    await eventually("all of its processes are gone", () => this.pids().length === 0);
    rmdirSync(this.#folder);
  }
}

/** PSS of these processes, MiB: each page that several have is divided among them. Who has just ended has none. */
export function pssOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      return (
        sum +
        Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024
      );
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return sum;
      throw error;
    }
  }, 0);
}

/** A process and everything that it has started. */
export function familyOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(familyOf)];
  } catch {
    return [];
  }
}
