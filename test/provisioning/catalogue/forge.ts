import { sign } from "node:crypto";
import { sha256Hex } from "../../../drivers/kit/index.ts";
import { newSigningKey, type SigningKey } from "../../../fleet/contract/index.ts";
import { assemble, type BundleContent, bundleType } from "../../../provisioning/bundle/index.ts";
import type { KeySet } from "../../../provisioning/keys/index.ts";
import { content, Owner, ROLE_OF } from "../../support/bundles.ts";

/** The owner of the catalogue: two of two roots, two of two keys for commands, one of one elsewhere. */
export const secondRoot = newSigningKey("root");
export const secondCommand = newSigningKey("command");
export const owner = new Owner({ root: 2, command: 2 }, [secondRoot, secondCommand]);
export const stranger = new Owner();

/** The keys that make a bundle of a kind good. */
export function signersOf(kind: BundleContent["kind"]): SigningKey[] {
  const first = owner.keys[ROLE_OF[kind]];
  if (kind === "keys") return [first, secondRoot];
  return kind === "command" ? [first, secondCommand] : [first];
}

/** What the unit of the catalogue has already; every good bundle of the catalogue has the counter after it. */
export const HAS = 5;
export const NEXT = HAS + 1;

export const contentFor = (kind: BundleContent["kind"], over: Partial<BundleContent> = {}): BundleContent =>
  content(kind, { counter: NEXT, ...over });

export type Json = Record<string, unknown>;

/** A manifest as the tool would write it, to be spoilt. */
export function manifestOf({ files, hardware = ["any"], ...rest }: BundleContent): Json {
  const listed = files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256Hex(bytes) }));
  return { v: 1, ...rest, hardware, files: listed };
}

const text64 = (text: string): string => Buffer.from(text).toString("base64url");

/** One signature over a payload, with whatever header. */
export function signature(payload: string, header: unknown, key: SigningKey) {
  const head = text64(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = sign(null, Buffer.from(`${head}.${payload}`), key.key);
  return { protected: head, signature: bytes.toString("base64url") };
}

export const headerFor = (kind: BundleContent["kind"], key: SigningKey): Json => ({
  alg: "EdDSA",
  typ: bundleType(kind),
  kid: key.kid,
});

/** A bundle that is signed well whatever its payload says: the attacker has stolen the keys, or is the owner in error. */
export function forge(
  kind: BundleContent["kind"],
  payload: Json | string,
  contents: readonly Uint8Array[] = [],
  by: readonly SigningKey[] = signersOf(kind),
): Buffer {
  const encoded = text64(typeof payload === "string" ? payload : JSON.stringify(payload));
  const signatures = by.map((key) => signature(encoded, headerFor(kind, key), key));
  return assemble({ payload: encoded, signatures }, contents);
}

/** A good bundle but for what `change` does to its manifest. */
export function spoilt(kind: BundleContent["kind"], change: Json, without: string[] = []): Buffer {
  const of = contentFor(kind);
  const manifest: Json = { ...manifestOf(of), ...change };
  for (const name of without) delete manifest[name];
  return forge(
    kind,
    manifest,
    of.files.map((file) => file.bytes),
  );
}

/** A good bundle with other files. */
export const withFiles = (kind: BundleContent["kind"], files: Record<string, string>): Buffer => {
  const list = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  const of = contentFor(kind, { files: list });
  return forge(
    kind,
    manifestOf(of),
    list.map((file) => file.bytes),
  );
};

/** A successor of the owner's key set, with what is to be wrong about it. */
export function rotation(
  change: Partial<KeySet>,
  by: readonly SigningKey[] = signersOf("keys"),
  over: Json = {},
): Buffer {
  const version = change.version ?? 2;
  const keys = { ...owner.set, version, ...change };
  const of = contentFor("keys", { counter: version, target: { all: true } });
  return forge("keys", { ...manifestOf(of), keys, ...over }, [], by);
}

/** A bundle with other bytes in its head. */
export function withHead(head: string | Uint8Array, tail: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = typeof head === "string" ? Buffer.from(head) : head;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([Buffer.from("GUICHET BUNDLE 1\n"), length, bytes, tail]);
}
