import { existsSync } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Type } from "@sinclair/typebox";
import { err, type Fault, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import {
  exportSigningKey,
  importSigningKey,
  newSigningKey,
  type SigningKey,
} from "../../fleet/contract/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { BUNDLE_ROLES, type BundleRole, type KeySet } from "./key-set.ts";

/** A private signing key in a file of mode 0600. */
const KeyFileSchema = Type.Object(
  {
    role: Type.Unsafe<BundleRole>({ type: "string", enum: [...BUNDLE_ROLES] }),
    jwk: Type.Object({
      kty: Type.Literal("OKP"),
      crv: Type.Literal("Ed25519"),
      d: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }),
      x: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }),
    }),
  },
  { additionalProperties: false },
);

/** Makes a key and writes it; an existing file is never overwritten. Throws the error of the file system. */
export async function makeKeyFile(path: string, role: BundleRole): Promise<SigningKey> {
  const key = newSigningKey(role);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(exportSigningKey(key))}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return key;
}

/** @returns `bundle.noKey` when there is no such file, `schema.invalid` when it is none */
export async function readKeyFile(path: string): Promise<Result<SigningKey & { role: BundleRole }, Fault>> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return err(bundleFault("noKey", { file: path }));
  const stored = parseJson(KeyFileSchema, text, path);
  if (!stored.ok) return stored;
  try {
    return ok(importSigningKey(stored.value) as SigningKey & { role: BundleRole });
  } catch (error) {
    return err(bundleFault("noKey", { file: path }, error));
  }
}

/** One key for each role in `folder`, made at the first call. */
export async function keysIn(folder: string): Promise<Record<BundleRole, SigningKey>> {
  const keys: Partial<Record<BundleRole, SigningKey>> = {};
  for (const role of BUNDLE_ROLES) {
    const path = join(folder, `${role}.key`);
    const read = existsSync(path) ? await readKeyFile(path) : ok(await makeKeyFile(path, role));
    if (!read.ok) throw read.error;
    keys[role] = read.value;
  }
  return keys as Record<BundleRole, SigningKey>;
}

/** The first key set of an owner. */
export const keySetOf = (
  keys: readonly SigningKey[],
  version = 1,
  thresholds: KeySet["thresholds"] = {},
): KeySet => ({ v: 1, version, keys: keys.map((key) => key.public), thresholds });
