import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TraceEvent } from "./trace.ts";

/**
 * A disk between two moments: what is surely on it, and what is only in the cache. Names (creation, rename, removal) are
 * ordered, as a journalling file system keeps them; a sync of the file or of its folder makes safe all names that came
 * before. Contents are safe from the sync that began after they were written; until then any part, in any order, in
 * sectors of 512 bytes, may be missing.
 */
interface Inode {
  safe: Buffer;
  pending: Change[];
}
type Change = { at: number; data: Buffer } | { length: number };
type NameChange =
  | { op: "set"; path: string; inode: Inode }
  | { op: "mkdir"; path: string }
  | { op: "symlink"; path: string; target: string }
  | { op: "remove"; path: string };

/** `dropped`: nothing unsynced survives; `kept`: everything does; `torn`: a random part. */
export type CrashMode = "dropped" | "kept" | "torn";
const SECTOR = 512;

export class Disk {
  readonly #names = new Map<string, Inode>();
  readonly #links = new Map<string, string>();
  readonly #folders = new Set<string>();
  readonly #safe: NameChange[] = [];
  #pending: NameChange[] = [];
  #offsets = new Map<number, { path: string; at: number }>();
  #starts = new Map<number, { inode: Inode | undefined; changes: number; names: number }>();

  /** Takes over one event of the traced process. */
  apply(event: TraceEvent): void {
    switch (event.kind) {
      case "open": {
        let inode = this.#names.get(event.path);
        if (!inode && event.create) {
          inode = { safe: Buffer.alloc(0), pending: [] };
          this.#setName({ op: "set", path: event.path, inode });
        } else if (inode && event.truncate) inode.pending.push({ length: 0 });
        for (const [fd, offset] of this.#offsets) if (offset.path === event.path) this.#offsets.delete(fd);
        return;
      }
      case "write": {
        const inode = this.#need(event.path);
        const known = this.#offsets.get(event.fd);
        const at = event.at ?? (known?.path === event.path ? known.at : 0);
        inode.pending.push({ at, data: event.data });
        if (event.at === undefined)
          this.#offsets.set(event.fd, { path: event.path, at: at + event.data.length });
        return;
      }
      case "truncate":
        this.#need(event.path).pending.push({ length: event.length });
        return;
      case "syncStart": {
        const inode = this.#names.get(event.path);
        this.#starts.set(event.thread, {
          inode,
          changes: inode?.pending.length ?? 0,
          names: this.#pending.length,
        });
        return;
      }
      case "sync":
        this.#finishSync(event.thread);
        return;
      case "rename": {
        const inode = this.#names.get(event.from);
        const link = this.#links.get(event.from);
        if (inode) this.#setName({ op: "set", path: event.to, inode });
        else if (link !== undefined) this.#setName({ op: "symlink", path: event.to, target: link });
        else throw new Error(`rename of an unknown file ${event.from}`);
        this.#setName({ op: "remove", path: event.from });
        return;
      }
      case "link":
        this.#setName({ op: "set", path: event.to, inode: this.#need(event.from) });
        return;
      case "unlink":
        this.#setName({ op: "remove", path: event.path });
        return;
      case "mkdir":
        this.#setName({ op: "mkdir", path: event.path });
        return;
      case "symlink":
        this.#setName({ op: "symlink", path: event.path, target: event.target });
        return;
      case "mark":
        return;
    }
  }

  /** Number of changes that a cut now could lose. */
  get atRisk(): number {
    let sum = this.#pending.length;
    for (const inode of new Set(this.#names.values())) sum += inode.pending.length;
    return sum;
  }

  /** Writes what a cut at this moment may leave into `target`, in place of `root`. */
  writeImage(root: string, target: string, mode: CrashMode, random: () => number): void {
    const left = this.afterCut(mode, random);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    const place = (path: string) => join(target, path.slice(root.length));
    for (const path of left.#folders) mkdirSync(place(path), { recursive: true });
    for (const [path, { safe }] of left.#names) {
      mkdirSync(dirname(place(path)), { recursive: true });
      writeFileSync(place(path), safe);
    }
    for (const [path, link] of left.#links) symlinkSync(link, place(path));
  }

  /** The disk after a power cut at this moment: what is on it then is surely on it. */
  afterCut(mode: CrashMode, random: () => number): Disk {
    const keptNames =
      mode === "kept"
        ? this.#pending.length
        : mode === "dropped"
          ? 0
          : Math.floor(random() * (this.#pending.length + 1));
    const left = new Disk();
    for (const change of [...this.#safe, ...this.#pending.slice(0, keptNames)]) left.#know(change);
    const settled = new Map<Inode, Inode>();
    for (const [path, inode] of left.#names) {
      const own = settled.get(inode) ?? { safe: content(inode, mode, random), pending: [] };
      settled.set(inode, own);
      left.#names.set(path, own);
    }
    for (const path of left.#folders) left.#safe.push({ op: "mkdir", path });
    for (const [path, inode] of left.#names) left.#safe.push({ op: "set", path, inode });
    for (const [path, target] of left.#links) left.#safe.push({ op: "symlink", path, target });
    return left;
  }

  /** The disk after the process was killed at this moment: what it has not synced is there, and still not safe. */
  afterKill(): Disk {
    const left = new Disk();
    const copies = new Map<Inode, Inode>();
    const copy = (change: NameChange): NameChange => {
      if (change.op !== "set") return change;
      const { safe, pending } = change.inode;
      const inode = copies.get(change.inode) ?? { safe, pending: pending.slice() };
      copies.set(change.inode, inode);
      return { ...change, inode };
    };
    left.#safe.push(...this.#safe.map(copy));
    left.#pending.push(...this.#pending.map(copy));
    for (const change of [...left.#safe, ...left.#pending]) left.#know(change);
    return left;
  }

  /** The same for two disks that a process cannot tell from each other. */
  get fingerprint(): string {
    const hash = createHash("sha256");
    const seen = this.afterCut("kept", () => 0);
    for (const path of [...seen.#folders].sort()) hash.update(`folder ${path}\n`);
    for (const [path, { safe }] of [...seen.#names].sort(byName))
      hash.update(`file ${path} ${safe.length}\n`).update(safe);
    for (const [path, target] of [...seen.#links].sort(byName)) hash.update(`link ${path} ${target}\n`);
    return hash.digest("hex");
  }

  #need(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw new Error(`write to an unknown file ${path}`);
    return inode;
  }

  #setName(change: NameChange): void {
    this.#pending.push(change);
    this.#know(change);
  }

  /** What a process sees of the names from now on. */
  #know(change: NameChange): void {
    if (change.op === "set") this.#names.set(change.path, change.inode);
    else if (change.op === "symlink") this.#links.set(change.path, change.target);
    else if (change.op === "mkdir") this.#folders.add(change.path);
    else for (const names of [this.#names, this.#links, this.#folders]) names.delete(change.path);
  }

  #finishSync(thread: number): void {
    const start = this.#starts.get(thread);
    if (!start) throw new Error("a sync ended that never began");
    this.#starts.delete(thread);
    if (start.inode) {
      const changes = start.inode.pending.splice(0, start.changes);
      for (const change of changes) start.inode.safe = applied(start.inode.safe, change);
      for (const other of this.#starts.values())
        if (other.inode === start.inode) other.changes = Math.max(0, other.changes - changes.length);
    }
    const names = this.#pending.splice(0, start.names);
    this.#safe.push(...names);
    for (const other of this.#starts.values()) other.names = Math.max(0, other.names - names.length);
  }
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function applied(base: Buffer, change: Change): Buffer {
  if ("length" in change) {
    if (change.length <= base.length) return base.subarray(0, change.length);
    return Buffer.concat([base, Buffer.alloc(change.length - base.length)]);
  }
  const size = Math.max(base.length, change.at + change.data.length);
  const out = Buffer.alloc(size);
  base.copy(out);
  change.data.copy(out, change.at);
  return out;
}

function content(inode: Inode, mode: CrashMode, random: () => number): Buffer {
  if (mode === "dropped") return inode.safe;
  let bytes = inode.safe;
  for (const change of inode.pending) {
    if (mode === "kept") bytes = applied(bytes, change);
    else if ("length" in change) {
      if (random() < 0.5) bytes = applied(bytes, change);
    } else {
      for (let from = 0; from < change.data.length; ) {
        const to = Math.min(change.data.length, from + SECTOR - ((change.at + from) % SECTOR));
        if (random() < 0.5)
          bytes = applied(bytes, { at: change.at + from, data: change.data.subarray(from, to) });
        from = to;
      }
    }
  }
  return bytes;
}
