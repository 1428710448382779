import { type Static, Type } from "@sinclair/typebox";
import { defineErrors, err, type Fault, ok, type Result, sha256Hex } from "../drivers/kit/index.ts";
import { type PublicKey, type SigningKey, signJws, verifyJws } from "../fleet/contract/index.ts";

/**
 * A bundle is one file: the magic line, the length of the manifest, the manifest (a JWS by a `configuration` key), then
 * the files that it lists, one after the other, nothing between or behind. Every limit is judged before anything is read.
 */
const MAGIC = Buffer.from("GUICHET BUNDLE 1\n");
export const BUNDLE_LIMITS = {
  bundleBytes: 16 * 1024 * 1024,
  manifestBytes: 64 * 1024,
  files: 256,
  fileBytes: 4 * 1024 * 1024,
};

const closed = { additionalProperties: false };
const Id = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,40}$" });

const BundleManifestSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    kind: Type.Literal("configuration"),
    /** For which units: one, all of a site, or all. */
    target: Type.Union([
      Type.Object({ unit: Id }, closed),
      Type.Object({ site: Id }, closed),
      Type.Object({ all: Type.Literal(true) }, closed),
    ]),
    /** Rises with every bundle for a target; a unit never goes back. */
    counter: Type.Integer({ minimum: 1 }),
    files: Type.Array(
      Type.Object(
        {
          /** Relative, lower case, no dots at the start of a part. */
          path: Type.String({
            pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*){0,4}$",
            maxLength: 120,
          }),
          size: Type.Integer({ minimum: 0, maximum: BUNDLE_LIMITS.fileBytes }),
          sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
        },
        closed,
      ),
      { minItems: 1, maxItems: BUNDLE_LIMITS.files },
    ),
    /** Seconds since the epoch. */
    iat: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type BundleManifest = Static<typeof BundleManifestSchema>;

export const bundleFault = defineErrors("bundle", {
  tooLarge: {
    what: "The bundle is larger than a bundle may be",
    todo: "Check that it is a bundle; make it anew",
    remedy: "configuration",
    cause: "user",
  },
  notABundle: {
    what: "The file is not a bundle",
    todo: "Put the file that the provisioning tool wrote on the stick",
    remedy: "configuration",
    cause: "user",
  },
  torn: {
    what: "The bundle is shorter or longer than it says",
    todo: "Copy it again",
    remedy: "configuration",
    cause: "user",
  },
  damaged: {
    what: "A file in the bundle is not the one that was signed",
    todo: "Copy the bundle again; if it stays so, it was altered",
    remedy: "configuration",
    cause: "security",
  },
  repeated: {
    what: "The bundle names a file twice",
    todo: "Make the bundle anew",
    remedy: "configuration",
    cause: "software",
  },
  notForThisUnit: {
    what: "The bundle is for another unit or site",
    todo: "Take the stick of this unit",
    remedy: "configuration",
    cause: "user",
  },
  older: {
    what: "The unit already has this bundle or a newer one",
    todo: "Nothing to do; to go back, sign the old content with a higher counter",
    remedy: "none",
    cause: "user",
  },
  missingFile: {
    what: "The bundle lacks a file that a unit needs",
    todo: "Make the bundle anew with the named file",
    remedy: "configuration",
    cause: "user",
  },
});

export interface BundleFile {
  path: string;
  bytes: Uint8Array;
}

/** Writes and signs a bundle. Throws a RangeError when a limit is passed. */
export function makeBundle(
  content: {
    id: string;
    target: BundleManifest["target"];
    counter: number;
    files: BundleFile[];
    iat: number;
  },
  by: SigningKey,
): Buffer {
  const manifest: BundleManifest = {
    v: 1,
    id: content.id,
    kind: "configuration",
    target: content.target,
    counter: content.counter,
    files: content.files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256Hex(bytes) })),
    iat: content.iat,
  };
  const jws = Buffer.from(signJws("guichet.bundle.v1", manifest, by));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(jws.length);
  const bundle = Buffer.concat([MAGIC, length, jws, ...content.files.map((file) => file.bytes)]);
  if (jws.length > BUNDLE_LIMITS.manifestBytes || bundle.length > BUNDLE_LIMITS.bundleBytes)
    throw new RangeError("bundle too large");
  return bundle;
}

export interface Receiver {
  unit: string;
  site: string;
  /** Keys that the unit believes; only those of role `configuration` count here. */
  trust: readonly PublicKey[];
  /** Counter of the active bundle, 0 when there is none. */
  counter: number;
}

/**
 * Verifies a whole bundle that is already in private memory or staging, in this order: size, form, signature and role,
 * target, counter, lengths, hashes. Nothing of it is used before all of it has passed.
 */
export function openBundle(
  bytes: Uint8Array,
  receiver: Receiver,
): Result<{ manifest: BundleManifest; jws: string; files: BundleFile[] }, Fault> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length > BUNDLE_LIMITS.bundleBytes) return err(bundleFault("tooLarge", { bytes: data.length }));
  const start = MAGIC.length + 4;
  if (data.length < start || !data.subarray(0, MAGIC.length).equals(MAGIC))
    return err(bundleFault("notABundle"));
  const manifestLength = data.readUInt32BE(MAGIC.length);
  if (manifestLength > BUNDLE_LIMITS.manifestBytes)
    return err(bundleFault("tooLarge", { manifest: manifestLength }));
  if (data.length < start + manifestLength) return err(bundleFault("torn"));
  const jws = data.toString("latin1", start, start + manifestLength);
  const verified = verifyJws("guichet.bundle.v1", BundleManifestSchema, jws, receiver.trust);
  if (!verified.ok) return verified;
  const manifest = verified.value;
  if (!isFor(manifest.target, receiver)) return err(bundleFault("notForThisUnit", { bundle: manifest.id }));
  if (manifest.counter <= receiver.counter)
    return err(bundleFault("older", { bundle: manifest.counter, unit: receiver.counter }));
  if (new Set(manifest.files.map((file) => file.path.toLowerCase())).size !== manifest.files.length)
    return err(bundleFault("repeated"));
  const total = manifest.files.reduce((sum, file) => sum + file.size, start + manifestLength);
  if (total !== data.length) return err(bundleFault("torn", { expected: total, found: data.length }));
  const files: BundleFile[] = [];
  let at = start + manifestLength;
  for (const file of manifest.files) {
    const content = data.subarray(at, at + file.size);
    if (sha256Hex(content) !== file.sha256) return err(bundleFault("damaged", { path: file.path }));
    files.push({ path: file.path, bytes: content });
    at += file.size;
  }
  return ok({ manifest, jws, files });
}

function isFor(target: BundleManifest["target"], receiver: Receiver): boolean {
  if ("unit" in target) return target.unit === receiver.unit;
  if ("site" in target) return target.site === receiver.site;
  return true;
}
