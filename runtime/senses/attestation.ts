import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  exportSigningKey,
  importSigningKey,
  newSigningKey,
  type SigningKey,
} from "../../fleet/contract/index.ts";
import { log } from "./faults.ts";

/**
 * The key with which the senses attest a match. Made at the first start; its public part goes to where the
 * vault looks and only the senses can write. A key that cannot be read is replaced: it signs nothing that outlives a hand-over.
 */
export function attestationKey(state: string): SigningKey {
  const path = join(state, "senses", "attestation.json");
  let key = existing(path);
  if (!key) {
    key = newSigningKey("senses");
    writeDurably(path, JSON.stringify(exportSigningKey(key)), 0o600);
    log("newKey", { kid: key.kid });
  }
  const publicPath = join(state, "attestation", "senses.pub.json");
  const text = JSON.stringify(key.public);
  if (read(publicPath) !== text) writeDurably(publicPath, text, 0o644);
  // One that was written under a stricter umask: the vault could not read it.
  else chmodSync(publicPath, 0o644);
  return key;
}

function existing(path: string): SigningKey | undefined {
  const text = read(path);
  if (text === undefined) return undefined;
  try {
    const key = importSigningKey(JSON.parse(text) as Parameters<typeof importSigningKey>[0]);
    return key.role === "senses" ? key : undefined;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whole or not at all, also after a power cut: written beside, synced, renamed, the folder synced. */
function writeDurably(path: string, text: string, mode: number): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomBytes(4).toString("hex")}`;
  const file = openSync(beside, "wx", mode);
  // Whatever the umask is.
  fchmodSync(file, mode);
  writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(beside, path);
  const directory = openSync(folder, "r");
  fsyncSync(directory);
  closeSync(directory);
}
