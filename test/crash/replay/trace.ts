/**
 * Reads an strace log of a real process into what it did to its files, in order.
 * Recorded with: strace -f -y -xx -s 16777216 -e trace=TRACED -o log command
 */
export const TRACED =
  "openat,write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,link,linkat";

export type TraceEvent =
  | { kind: "open"; path: string; create: boolean; truncate: boolean; exclusive: boolean }
  /** `at` is undefined for a plain write, which goes on where the last one on this descriptor ended. */
  | { kind: "write"; path: string; fd: number; at: number | undefined; data: Buffer }
  | { kind: "truncate"; path: string; length: number }
  /** What was written before `syncStart` is safe once `sync` is there. */
  | { kind: "syncStart"; path: string; thread: number }
  | { kind: "sync"; path: string; thread: number }
  | { kind: "rename"; from: string; to: string }
  /** One more name for a file. */
  | { kind: "link"; from: string; to: string }
  | { kind: "unlink"; path: string }
  | { kind: "mkdir"; path: string }
  | { kind: "symlink"; path: string; target: string }
  /** A line `MARK …` that the process printed: something it has acknowledged, or a byte on a device. */
  | { kind: "mark"; text: string };

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll("\\x", ""), "hex");
const STRING = /"((?:\\x[0-9a-f]{2})*)"/g;

/**
 * @param root only paths below it are kept
 * @param device a path prefix (a pseudo-terminal) whose writes become marks `MARK device <hex>`
 * @throws Error when a call that changes files cannot be understood: a trace half read proves nothing
 */
export function parseTrace(log: string, root: string, device?: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  const open = new Map<string, string>();
  const below = (path: string) => path === root || path.startsWith(`${root}/`);
  for (const line of log.split("\n")) {
    const match = /^(\d+)\s+(.*)$/.exec(line);
    if (!match) continue;
    const [, pid, text] = match as unknown as [string, string, string];
    if (text.endsWith("<unfinished ...>")) {
      const start = text.slice(0, -"<unfinished ...>".length);
      open.set(pid, start);
      const sync = /^(?:fsync|fdatasync)\((\d+)<([^>]*)>/.exec(start);
      const path = sync && unhex(sync[2] as string).toString();
      if (path && below(path)) events.push({ kind: "syncStart", path, thread: Number(pid) });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const call = resumed ? (open.get(pid) ?? "") + resumed[1] : text;
    if (resumed) open.delete(pid);
    for (const event of readCall(call, Number(pid), resumed !== null)) {
      if (
        event.kind === "mark" ||
        ("path" in event && below(event.path)) ||
        ((event.kind === "rename" || event.kind === "link") && below(event.to))
      )
        events.push(event);
      else if (device && event.kind === "write" && event.path.startsWith(device)) {
        events.push({ kind: "mark", text: `device ${event.data.toString("hex")}` });
      }
    }
  }
  return events;
}

function readCall(call: string, thread: number, wasOpen: boolean): TraceEvent[] {
  const name = /^(\w+)\(/.exec(call)?.[1];
  const result = /\)\s+=\s+(-?\d+)/.exec(call);
  if (!name || !result || Number(result[1]) < 0) return [];
  const strings = [...call.matchAll(STRING)].map((m) => unhex(m[1] as string));
  const fd = Number(/^\w+\((\d+)</.exec(call)?.[1] ?? -1);
  const fdPath = unhex(/^\w+\(\d+<([^>]*)>/.exec(call)?.[1] ?? "").toString();
  const first = strings[0]?.toString() ?? "";
  switch (name) {
    case "openat": {
      const path = unhex(/=\s+\d+<([^>]*)>/.exec(call)?.[1] ?? "").toString();
      if (!/O_WRONLY|O_RDWR/.test(call)) return [];
      return [
        {
          kind: "open",
          path,
          create: call.includes("O_CREAT"),
          truncate: call.includes("O_TRUNC"),
          exclusive: call.includes("O_EXCL"),
        },
      ];
    }
    case "write":
    case "pwrite64": {
      const data = (strings[0] ?? Buffer.alloc(0)).subarray(0, Number(result[1]));
      if (fd === 1) {
        return data
          .toString()
          .split("\n")
          .filter((text) => text.startsWith("MARK "))
          .map((text) => ({ kind: "mark" as const, text: text.slice(5) }));
      }
      const at = name === "pwrite64" ? Number(/,\s*(\d+)\s*\)\s+=/.exec(call)?.[1]) : undefined;
      return [{ kind: "write", path: fdPath, fd, at, data }];
    }
    case "writev":
    case "pwritev": {
      const data = Buffer.concat(strings).subarray(0, Number(result[1]));
      const at = name === "pwritev" ? Number(/,\s*(\d+)\s*\)\s+=/.exec(call)?.[1]) : undefined;
      return [{ kind: "write", path: fdPath, fd, at, data }];
    }
    case "fsync":
    case "fdatasync": {
      const sync: TraceEvent = { kind: "sync", path: fdPath, thread };
      return wasOpen ? [sync] : [{ kind: "syncStart", path: fdPath, thread }, sync];
    }
    case "ftruncate":
      return [{ kind: "truncate", path: fdPath, length: Number(/,\s*(\d+)\s*\)/.exec(call)?.[1]) }];
    case "rename":
    case "renameat":
    case "renameat2":
      return [{ kind: "rename", from: first, to: strings[1]?.toString() ?? "" }];
    case "link":
    case "linkat":
      return [{ kind: "link", from: first, to: strings[1]?.toString() ?? "" }];
    case "unlink":
    case "unlinkat":
    case "rmdir":
      return [{ kind: "unlink", path: first }];
    case "mkdir":
    case "mkdirat":
      return [{ kind: "mkdir", path: first }];
    case "symlink":
    case "symlinkat":
      return [{ kind: "symlink", path: strings[1]?.toString() ?? "", target: first }];
    default:
      throw new Error(`a call that the replay does not know: ${name}`);
  }
}
