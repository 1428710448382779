import { closeSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** A value that was planted in a visit and must not be found in clear anywhere afterwards. */
export interface Canary {
  name: string;
  /** A text is looked for in all its encodings, bytes by windows of 32. */
  value: string | Uint8Array;
}

export interface Hit {
  canary: string;
  encoding: string;
  file: string;
}

const WINDOW = 32;

/** The three ways in which a value can stand inside base64, without the characters that depend on its neighbours. */
function base64Cores(bytes: Buffer): Buffer[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    const from = shift === 0 ? 0 : shift + 1;
    const core = text.replace(/=+$/, "").slice(from, -1 - (bytes.length + shift > 0 ? 1 : 0));
    return core.length < 6
      ? []
      : [Buffer.from(core), Buffer.from(core.replaceAll("+", "-").replaceAll("/", "_"))];
  });
}

/** Windows of a binary value that are telling: at least 12 different byte values, so that flat image areas do not count. */
function windows(bytes: Uint8Array, most = 64): Buffer[] {
  const found: Buffer[] = [];
  const step = Math.max(WINDOW, Math.floor(bytes.length / (most * 4)));
  for (let at = 0; at + WINDOW <= bytes.length && found.length < most; at += step) {
    const window = Buffer.from(bytes.subarray(at, at + WINDOW));
    if (new Set(window).size >= 12) found.push(window);
  }
  return found;
}

/** Every byte string that would betray a canary, by encoding. */
export function needles(canary: Canary): { encoding: string; bytes: Buffer }[] {
  if (typeof canary.value !== "string") {
    return windows(canary.value).flatMap((bytes) => [
      { encoding: "raw", bytes },
      { encoding: "hex", bytes: Buffer.from(bytes.toString("hex")) },
      ...base64Cores(bytes).map((core) => ({ encoding: "base64", bytes: core })),
    ]);
  }
  const utf8 = Buffer.from(canary.value, "utf8");
  const utf16le = Buffer.from(canary.value, "utf16le");
  return [
    { encoding: "utf-8", bytes: utf8 },
    { encoding: "utf-16le", bytes: utf16le },
    { encoding: "utf-16be", bytes: Buffer.from(utf16le).swap16() },
    { encoding: "hex", bytes: Buffer.from(utf8.toString("hex")) },
    { encoding: "hex", bytes: Buffer.from(utf8.toString("hex").toUpperCase()) },
    ...base64Cores(utf8).map((bytes) => ({ encoding: "base64", bytes })),
  ];
}

/** What a look at a path gives; undefined when it has gone meanwhile, as a browser's cache does. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function* files(root: string): Generator<string> {
  const stat = ifThere(() => lstatSync(root));
  if (stat?.isFile()) yield root;
  else if (stat?.isDirectory())
    for (const name of ifThere(() => readdirSync(root)) ?? []) yield* files(join(root, name));
}

const CHUNK = 8 * 1024 * 1024;

/** Looks for all canaries in every file below the roots. Sockets, pipes and links are passed over. */
export function scan(canaries: Canary[], roots: string[]): { hits: Hit[]; scanned: number; bytes: number } {
  const wanted = canaries.flatMap((canary) =>
    needles(canary).map((needle) => ({ ...needle, canary: canary.name })),
  );
  const longest = Math.max(...wanted.map((needle) => needle.bytes.length));
  const hits: Hit[] = [];
  let scanned = 0;
  let total = 0;
  for (const file of roots.flatMap((root) => [...files(root)])) {
    const found = new Set<string>();
    const handle = ifThere(() => openSync(file, "r"));
    if (handle === undefined) continue;
    try {
      let tail = Buffer.alloc(0);
      for (;;) {
        const buffer = Buffer.alloc(CHUNK);
        const read = readSync(handle, buffer, 0, CHUNK, null);
        if (read === 0) break;
        total += read;
        const block = Buffer.concat([tail, buffer.subarray(0, read)]);
        for (const needle of wanted) {
          const key = `${needle.canary} ${needle.encoding}`;
          if (!found.has(key) && block.includes(needle.bytes)) {
            found.add(key);
            hits.push({ canary: needle.canary, encoding: needle.encoding, file });
          }
        }
        tail = Buffer.from(block.subarray(Math.max(0, block.length - longest + 1)));
      }
    } finally {
      closeSync(handle);
    }
    scanned++;
  }
  return { hits, scanned, bytes: total };
}
