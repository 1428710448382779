import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import {
  b64u,
  defineErrors,
  err,
  type Fault,
  parseJson,
  type Result,
  sha256,
  unb64u,
} from "../../drivers/kit/index.ts";

export const signatureFault = defineErrors("signature", {
  malformed: {
    what: "A signed document is not a compact JWS of a known type",
    todo: "Check who sent it; nothing was done",
    remedy: "none",
    cause: "security",
  },
  unknownKey: {
    what: "A signed document names a key that is not in the key set",
    todo: "Send the unit the bundle with the newer key set, or find out who signed",
    remedy: "configuration",
    cause: "security",
  },
  wrongRole: {
    what: "A key signed a kind of document that its role does not allow",
    todo: "Find out who used the key; nothing was done",
    remedy: "none",
    cause: "security",
  },
  bad: {
    what: "The signature does not fit the document",
    todo: "It was altered or torn; nothing was done",
    remedy: "none",
    cause: "security",
  },
});

/** Kinds of signed documents, and the one role whose keys may sign each. */
export const SIGNED_TYPES = {
  "guichet.receipt.v1": "receipt",
  "guichet.ack.v1": "receipt",
  "guichet.decision.v1": "decision",
  "guichet.voucher.v1": "voucher",
  "guichet.release.v1": "release",
  "guichet.assignment.v1": "assignment",
  "guichet.credential.v1": "exchange",
  "guichet.settlement.v1": "release",
  "guichet.host.v1": "host",
  "guichet.bundle.keys.v1": "root",
  "guichet.bundle.claim.v1": "certificates",
  "guichet.bundle.certificates.v1": "certificates",
  "guichet.bundle.content.v1": "content",
  "guichet.bundle.configuration.v1": "configuration",
  "guichet.bundle.software.v1": "software",
  "guichet.bundle.command.v1": "command",
  "guichet.answer.v1": "unit",
  "guichet.manifest.v1": "unit",
  "guichet.event.v1": "unit",
  "guichet.attestation.v1": "senses",
} as const;
export type SignedType = keyof typeof SIGNED_TYPES;
export type KeyRole = (typeof SIGNED_TYPES)[SignedType];

export const PublicKeySchema = Type.Object({
  kid: Type.String({ maxLength: 64 }),
  role: Type.String({ maxLength: 20 }),
  /** Ed25519 public key, raw 32 bytes, base64url (RFC 8037 `x`). */
  x: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }),
});
export type PublicKey = Static<typeof PublicKeySchema>;

export interface SigningKey {
  kid: string;
  role: KeyRole;
  key: KeyObject;
  public: PublicKey;
}

export function newSigningKey(role: KeyRole): SigningKey {
  return signingKey(role, generateKeyPairSync("ed25519").privateKey);
}

const kidOf = (role: string, x: string): string =>
  `${role}-${sha256(unb64u(x)).toString("hex").slice(0, 16)}`;

/**
 * Whether a key that came in a document has the id that follows from it, so that nobody can give a key another's id, and is
 * spelt as `b64u` spells it: two texts can stand for the same 32 bytes.
 */
export const hasOwnId = ({ kid, role, x }: PublicKey): boolean =>
  kid === kidOf(role, x) && b64u(unb64u(x)) === x;

/** A signing key with the key id that its public part gives (first 16 hex of its SHA-256). */
export function signingKey(role: KeyRole, key: KeyObject): SigningKey {
  const x = (createPublicKey(key).export({ format: "jwk" }) as { x: string }).x;
  const kid = kidOf(role, x);
  return { kid, role, key, public: { kid, role, x } };
}

export const exportSigningKey = (key: SigningKey): { role: string; jwk: JsonWebKey } => ({
  role: key.role,
  jwk: key.key.export({ format: "jwk" }),
});

export const importSigningKey = (stored: { role: string; jwk: JsonWebKey }): SigningKey =>
  signingKey(stored.role as KeyRole, createPrivateKey({ key: stored.jwk, format: "jwk" }));

/** Compact JWS (RFC 7515) with EdDSA (RFC 8037) over the exact bytes of the payload. */
export function signJws(type: SignedType, payload: unknown, by: SigningKey): string {
  if (SIGNED_TYPES[type] !== by.role) throw new TypeError(`a ${by.role} key does not sign ${type}`);
  const head = b64u(Buffer.from(JSON.stringify({ alg: "EdDSA", typ: type, kid: by.kid })));
  const input = `${head}.${b64u(Buffer.from(JSON.stringify(payload)))}`;
  return `${input}.${b64u(sign(null, Buffer.from(input), by.key))}`;
}

/** Keys as Node takes them, by their place in the set that they are trusted in: making one costs as much as verifying. */
const imported = new WeakMap<PublicKey, KeyObject>();

function imports(key: PublicKey): KeyObject {
  let made = imported.get(key);
  if (!made) {
    made = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.x }, format: "jwk" });
    imported.set(key, made);
  }
  return made;
}

const HeadSchema = Type.Object(
  { alg: Type.Literal("EdDSA"), typ: Type.String(), kid: Type.String() },
  { additionalProperties: false },
);
const MAX_JWS_CHARS = 65_536;

/**
 * Verifies type, role, key and signature, then the payload's schema. `keys` is the set that the verifier trusts.
 * Never throws for bad input; dates inside the payload are the caller's to judge.
 */
export function verifyJws<T extends TSchema>(
  type: SignedType,
  schema: T,
  token: string,
  keys: readonly PublicKey[],
): Result<Static<T>, Fault> {
  if (token.length > MAX_JWS_CHARS || !/^[\w-]+\.[\w-]+\.[\w-]{86}$/.test(token))
    return err(signatureFault("malformed", { type }));
  const [head, body, signature] = token.split(".") as [string, string, string];
  const header = parseJson(HeadSchema, unb64u(head).toString("utf8"), "jws header");
  if (!header.ok || header.value.typ !== type) return err(signatureFault("malformed", { type }));
  const key = keys.find((k) => k.kid === header.value.kid);
  if (!key) return err(signatureFault("unknownKey", { type, kid: header.value.kid.slice(0, 64) }));
  if (key.role !== SIGNED_TYPES[type]) return err(signatureFault("wrongRole", { type, role: key.role }));
  if (!verify(null, Buffer.from(`${head}.${body}`), imports(key), unb64u(signature)))
    return err(signatureFault("bad", { type, kid: key.kid }));
  return parseJson(schema, unb64u(body).toString("utf8"), type);
}

/** The payload of a JWS without any trust: to route or to show it. Undefined when it is not one. */
export function peekJws(token: string): { type: string; payload: unknown } | undefined {
  try {
    const [head, body] = token.split(".") as [string, string];
    const { typ } = JSON.parse(unb64u(head).toString("utf8")) as { typ: string };
    return { type: typ, payload: JSON.parse(unb64u(body).toString("utf8")) };
  } catch {
    return undefined;
  }
}
