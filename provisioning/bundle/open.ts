import { createHash } from "node:crypto";
import { err, type Fault, ok, type Result } from "../../drivers/kit/index.ts";
import {
  countSigners,
  headersOf,
  type JwsMany,
  payloadOf,
  SIGNED_TYPES,
  signatureFault,
} from "../../fleet/contract/index.ts";
import { checkKeySet, type KeySet, thresholdOf } from "../keys/key-set.ts";
import { bundleFault } from "./faults.ts";
import { readHead } from "./make.ts";
import {
  BUNDLE_KINDS,
  BUNDLE_LIMITS,
  type BundleKind,
  type BundleManifest,
  bundleType,
  COUNTER_LEAP,
  LARGEST_BUNDLE,
  MANIFEST_SCHEMAS,
  type Target,
} from "./manifest.ts";
import { type BundleSource, piecesOf } from "./source.ts";

/** What a unit knows when it judges a bundle. */
export interface Receiver {
  /** Name, site and groups; absent while the board is unclaimed. */
  unit?: string | undefined;
  site?: string | undefined;
  groups: readonly string[];
  /** The board's own number and type. */
  device: string;
  hardware: string;
  keys: KeySet;
  /** Counter of the committed bundle of each kind; none is 0. */
  counters: Partial<Record<BundleKind, number>>;
  /** The one nonce that a destructive command may name. */
  nonce?: string | undefined;
  /** Seconds since the epoch, only when the time is attested; without it nothing expires. */
  attestedTime?: number | undefined;
}

export interface OpenedBundle {
  manifest: BundleManifest;
  head: JwsMany;
  /** Offset of the first file in the source. */
  contentAt: number;
}

/**
 * Verifies a whole bundle that lies in private memory or staging, in this order: sizes, form, signatures with role and
 * threshold, schema, key set, hardware, target, counter, date, nonce, list of files, lengths, hashes. Nothing of it is
 * used before all of it has passed. What it requires beside itself is judged with the others, by `unmetRequirement`.
 */
export async function openBundle(
  source: BundleSource,
  receiver: Receiver,
): Promise<Result<OpenedBundle, Fault>> {
  if (source.size > LARGEST_BUNDLE)
    return err(bundleFault("tooLarge", { bytes: source.size, limit: LARGEST_BUNDLE }));
  const read = await readHead(source);
  if (!read.ok) return read;
  const { head, contentAt } = read.value;
  const manifest = verifyManifest(head, source.size, receiver.keys);
  if (!manifest.ok) return manifest;
  const wrong =
    wrongFor(manifest.value, receiver) ??
    wrongFiles(manifest.value) ??
    wrongLength(manifest.value, contentAt, source.size);
  if (wrong) return err(wrong);
  let at = contentAt;
  for (const file of manifest.value.files) {
    const hash = createHash("sha256");
    for await (const piece of piecesOf(source, at, file.size)) hash.update(piece);
    if (hash.digest("hex") !== file.sha256) return err(bundleFault("damaged", { path: file.path }));
    at += file.size;
  }
  return ok({ manifest: manifest.value, head, contentAt });
}

/** Signatures first, by the keys that the receiver believes; the payload is parsed only when enough have signed. */
function verifyManifest(head: JwsMany, size: number, keys: KeySet): Result<BundleManifest, Fault> {
  if (head.signatures.length === 0) return err(bundleFault("unsigned"));
  const headers = headersOf(head);
  if (!headers.ok) return headers;
  const { type } = headers.value;
  const kind = BUNDLE_KINDS.find((one) => bundleType(one) === type);
  if (!kind) return err(signatureFault("malformed", { type }));
  if (size > BUNDLE_LIMITS[kind].bytes)
    return err(bundleFault("tooLarge", { bytes: size, limit: BUNDLE_LIMITS[kind].bytes }));
  const enough = enoughSigners(head, kind, keys);
  if (!enough.ok) return enough;
  const manifest = payloadOf(head, MANIFEST_SCHEMAS[kind], "manifest") as Result<BundleManifest, Fault>;
  if (!manifest.ok || manifest.value.kind !== "keys") return manifest;
  // The rule of N+1: the successor is signed by the roots before it and by its own.
  const next = manifest.value.keys;
  if (next.version <= keys.version)
    return err(bundleFault("older", { bundle: next.version, unit: keys.version }));
  if (next.version !== keys.version + 1 || manifest.value.counter !== next.version)
    return err(bundleFault("wrongKeySet", { has: keys.version, bundle: next.version }));
  const sound = checkKeySet(next, true);
  if (!sound.ok) return sound;
  const own = enoughSigners(head, kind, next);
  if (own.ok) return manifest;
  const absent = own.error.code === signatureFault("unknownKey").code;
  return absent ? err(bundleFault("tooFewSignatures", { found: 0, keys: next.version })) : own;
}

function enoughSigners(head: JwsMany, kind: BundleKind, keys: KeySet): Result<number, Fault> {
  const type = bundleType(kind);
  const signers = countSigners(head, type, keys.keys);
  if (!signers.ok) return signers;
  const needed = thresholdOf(keys, SIGNED_TYPES[type]);
  if (signers.value < needed)
    return err(bundleFault("tooFewSignatures", { needed, found: signers.value, keys: keys.version }));
  return signers;
}

function wrongFor(manifest: BundleManifest, receiver: Receiver): Fault | undefined {
  const { id: bundle, kind, counter } = manifest;
  if (!manifest.hardware.includes("any") && !manifest.hardware.includes(receiver.hardware))
    return bundleFault("wrongHardware", { bundle, hardware: receiver.hardware });
  if (!isFor(manifest.target, receiver)) return bundleFault("notForThisUnit", { bundle });
  const has = receiver.counters[kind] ?? 0;
  if (kind !== "keys" && counter <= has) return bundleFault("older", { bundle: counter, unit: has });
  if (counter > has + COUNTER_LEAP) return bundleFault("leap", { bundle: counter, unit: has });
  if (
    manifest.exp !== undefined &&
    receiver.attestedTime !== undefined &&
    receiver.attestedTime > manifest.exp
  )
    return bundleFault("expired", { bundle, exp: manifest.exp });
  if (manifest.kind === "command" && (receiver.nonce === undefined || manifest.nonce !== receiver.nonce))
    return bundleFault("wrongNonce", { bundle });
  return undefined;
}

function isFor(target: Target, receiver: Receiver): boolean {
  if ("unit" in target) return target.unit === receiver.unit;
  if ("site" in target) return target.site === receiver.site;
  if ("group" in target) return receiver.groups.includes(target.group);
  if ("device" in target) return target.device === receiver.device;
  return true;
}

/** What the list of files of a manifest has wrong. */
export function wrongFiles(manifest: Pick<BundleManifest, "kind" | "files">): Fault | undefined {
  const limit = BUNDLE_LIMITS[manifest.kind];
  if (manifest.files.length > limit.files)
    return bundleFault("tooLarge", { files: manifest.files.length, limit: limit.files });
  const names = new Set<string>();
  for (const { path } of manifest.files) {
    if (!limit.allowed.test(path)) return bundleFault("notAllowed", { kind: manifest.kind, path });
    if (names.has(path.toLowerCase())) return bundleFault("repeated", { path });
    names.add(path.toLowerCase());
  }
  for (const name of names) {
    const above = name.split("/").slice(0, -1);
    if (above.some((_, n) => names.has(above.slice(0, n + 1).join("/"))))
      return bundleFault("repeated", { path: name });
  }
  if (manifest.kind === "claim" && !names.has("claim.json"))
    return bundleFault("missingFile", { path: "claim.json" });
  if (manifest.kind === "configuration" && !names.has("unit.json"))
    return bundleFault("missingFile", { path: "unit.json" });
  if (manifest.kind === "certificates" && names.size === 0)
    return bundleFault("missingFile", { path: "tls.crt" });
  return undefined;
}

function wrongLength({ files }: BundleManifest, contentAt: number, size: number): Fault | undefined {
  const total = files.reduce((sum, file) => sum + file.size, contentAt);
  return total === size ? undefined : bundleFault("torn", { expected: total, found: size });
}

/** The first requirement that the given counters do not meet. */
export function unmetRequirement(
  manifest: BundleManifest,
  counters: Partial<Record<BundleKind, number>>,
): Fault | undefined {
  for (const kind of BUNDLE_KINDS) {
    const needed = manifest.requires?.[kind] ?? 0;
    const has = counters[kind] ?? 0;
    if (has < needed) return bundleFault("requires", { bundle: manifest.id, kind, needed, has });
  }
  return undefined;
}

/** The kind and content that an unverified bundle claims: to try the newest first and to show it. */
export async function peekBundle(
  source: BundleSource,
): Promise<{ kind: BundleKind; manifest: BundleManifest; head: JwsMany } | undefined> {
  const read = await readHead(source);
  if (!read.ok) return undefined;
  for (const kind of BUNDLE_KINDS) {
    const manifest = payloadOf(read.value.head, MANIFEST_SCHEMAS[kind], "manifest");
    if (manifest.ok) return { kind, manifest: manifest.value as BundleManifest, head: read.value.head };
  }
  return undefined;
}
