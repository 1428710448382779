import { check, err, type Fault, ok, parseJson, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import {
  addSignature,
  type JwsMany,
  JwsManySchema,
  type SigningKey,
  unsignedJws,
} from "../../fleet/contract/index.ts";
import type { KeySet } from "../keys/key-set.ts";
import { bundleFault } from "./faults.ts";
import {
  BUNDLE_LIMITS,
  type BundleCommand,
  type BundleKind,
  type BundleManifest,
  bundleType,
  MANIFEST_BYTES,
  MANIFEST_SCHEMAS,
  type Target,
} from "./manifest.ts";
import type { BundleSource } from "./source.ts";

/**
 * A bundle is one file: the magic line, the length of the head, the head (the manifest as a JWS with its signatures),
 * then the files that the manifest lists, one after the other, nothing between or behind.
 */
export const BUNDLE_MAGIC = Buffer.from("GUICHET BUNDLE 1\n");
export const HEAD_AT = BUNDLE_MAGIC.length + 4;

export interface BundleFile {
  path: string;
  bytes: Uint8Array;
}

export interface BundleContent {
  kind: BundleKind;
  id: string;
  target: Target;
  counter: number;
  files: BundleFile[];
  /** Seconds since the epoch. */
  iat: number;
  hardware?: string[];
  requires?: Partial<Record<BundleKind, number>>;
  exp?: number;
  /** For `keys`. */
  keys?: KeySet;
  /** For `command`. */
  command?: BundleCommand;
  nonce?: string;
}

/** Writes a bundle with the signatures of `by`. Throws a RangeError when a limit is passed, a TypeError for a wrong role. */
export function makeBundle(content: BundleContent, by: readonly SigningKey[]): Buffer {
  const { files, hardware = ["any"], ...rest } = content;
  const manifest = {
    v: 1,
    ...rest,
    hardware,
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256Hex(bytes) })),
  };
  const type = bundleType(content.kind);
  const head = by.reduce((document, key) => addSignature(document, type, key), unsignedJws(manifest));
  const bundle = assemble(
    head,
    files.map((file) => file.bytes),
  );
  if (bundle.length > BUNDLE_LIMITS[content.kind].bytes)
    throw new RangeError(`a ${content.kind} bundle holds ${BUNDLE_LIMITS[content.kind].bytes} bytes at most`);
  return bundle;
}

/** What a bundle that is about to be made has wrong, by the schema of its kind; the place is in the fault. */
export function checkContent(content: BundleContent): Result<BundleManifest, Fault> {
  const { files, hardware = ["any"], ...rest } = content;
  const listed = files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: "0".repeat(64) }));
  const manifest = { v: 1, ...rest, hardware, files: listed };
  return check(MANIFEST_SCHEMAS[content.kind], manifest, "manifest") as Result<BundleManifest, Fault>;
}

export function assemble(head: JwsMany, contents: readonly Uint8Array[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  if (text.length > MANIFEST_BYTES) throw new RangeError(`the head is longer than ${MANIFEST_BYTES} bytes`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([BUNDLE_MAGIC, length, text, ...contents]);
}

/** Reads the head and where the contents begin; no signature is looked at. */
export async function readHead(
  source: BundleSource,
): Promise<Result<{ head: JwsMany; contentAt: number }, Fault>> {
  const start = await source.read(0, HEAD_AT);
  if (start.length < HEAD_AT || !start.subarray(0, BUNDLE_MAGIC.length).equals(BUNDLE_MAGIC))
    return err(bundleFault("notABundle"));
  const length = start.readUInt32BE(BUNDLE_MAGIC.length);
  if (length > MANIFEST_BYTES) return err(bundleFault("tooLarge", { head: length, limit: MANIFEST_BYTES }));
  const text = await source.read(HEAD_AT, length);
  if (text.length < length) return err(bundleFault("torn", { expected: length, found: text.length }));
  const head = parseJson(JwsManySchema, text.toString("utf8"), "bundle head");
  return head.ok ? ok({ head: head.value, contentAt: HEAD_AT + length }) : head;
}

/** The same bundle with one more signature. */
export async function signBundle(
  source: BundleSource,
  kind: BundleKind,
  by: SigningKey,
): Promise<Result<Buffer, Fault>> {
  const read = await readHead(source);
  if (!read.ok) return read;
  const contents = await source.read(read.value.contentAt, source.size - read.value.contentAt);
  return ok(assemble(addSignature(read.value.head, bundleType(kind), by), [contents]));
}
