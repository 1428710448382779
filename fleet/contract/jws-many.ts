import { createPublicKey, sign, verify } from "node:crypto";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { b64u, err, type Fault, ok, parseJson, type Result, unb64u } from "../../drivers/kit/index.ts";
import {
  type KeyRole,
  type PublicKey,
  SIGNED_TYPES,
  type SignedType,
  type SigningKey,
  signatureFault,
} from "./jws.ts";

/**
 * The same envelope as in jws.ts for documents that need several signatures: the general JSON form (RFC 7515 §7.2.1).
 * Every signature has a protected header of its own over the one payload, so that signers can work one after the other
 * on machines that never meet.
 */
export const JwsManySchema = Type.Object(
  {
    payload: Type.String({ pattern: "^[A-Za-z0-9_-]+$" }),
    signatures: Type.Array(
      Type.Object(
        {
          protected: Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: 400 }),
          signature: Type.String({ pattern: "^[A-Za-z0-9_-]{86}$" }),
        },
        { additionalProperties: false },
      ),
      { maxItems: 16 },
    ),
  },
  { additionalProperties: false },
);
export type JwsMany = Static<typeof JwsManySchema>;

const HeadSchema = Type.Object(
  {
    alg: Type.Literal("EdDSA"),
    typ: Type.String({ maxLength: 64 }),
    kid: Type.String({ maxLength: 64 }),
  },
  { additionalProperties: false },
);

export const unsignedJws = (payload: unknown): JwsMany => ({
  payload: b64u(Buffer.from(JSON.stringify(payload))),
  signatures: [],
});

/** Adds a signature; one by the same key is replaced. Throws when the key's role does not sign this type. */
export function addSignature(document: JwsMany, type: SignedType, by: SigningKey): JwsMany {
  if (SIGNED_TYPES[type] !== by.role) throw new TypeError(`a ${by.role} key does not sign ${type}`);
  const head = b64u(Buffer.from(JSON.stringify({ alg: "EdDSA", typ: type, kid: by.kid })));
  const signature = b64u(sign(null, Buffer.from(`${head}.${document.payload}`), by.key));
  const others = document.signatures.filter((own) => headOf(own.protected)?.kid !== by.kid);
  return { payload: document.payload, signatures: [...others, { protected: head, signature }] };
}

const headOf = (text: string): Static<typeof HeadSchema> | undefined => {
  const head = parseJson(HeadSchema, unb64u(text).toString("utf8"), "jws header");
  return head.ok ? head.value : undefined;
};

/** The type that all signatures name and the ids of their keys; without any trust. */
export function headersOf(document: JwsMany): Result<{ type: SignedType; kids: string[] }, Fault> {
  const heads = document.signatures.map((own) => headOf(own.protected));
  const type = heads[0]?.typ;
  if (type === undefined || !Object.hasOwn(SIGNED_TYPES, type) || heads.some((head) => head?.typ !== type))
    return err(signatureFault("malformed"));
  return ok({ type: type as SignedType, kids: heads.map((head) => head?.kid ?? "") });
}

/**
 * How many different keys of the type's role in `keys` have signed. Signatures by unknown keys do not count; a wrong
 * signature by a known key, or one by a known key of another role, spoils the document.
 */
export function countSigners(
  document: JwsMany,
  type: SignedType,
  keys: readonly PublicKey[],
): Result<number, Fault> {
  const role: KeyRole = SIGNED_TYPES[type];
  const signers = new Set<string>();
  let unknown: string | undefined;
  for (const own of document.signatures) {
    const head = headOf(own.protected);
    if (!head || head.typ !== type) return err(signatureFault("malformed", { type }));
    const key = keys.find((one) => one.kid === head.kid);
    if (!key) {
      unknown = head.kid;
      continue;
    }
    if (key.role !== role) return err(signatureFault("wrongRole", { type, role: key.role }));
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.x }, format: "jwk" });
    const input = Buffer.from(`${own.protected}.${document.payload}`);
    if (!verify(null, input, publicKey, unb64u(own.signature)))
      return err(signatureFault("bad", { type, kid: key.kid }));
    signers.add(key.x);
  }
  if (signers.size === 0 && unknown !== undefined)
    return err(signatureFault("unknownKey", { type, kid: unknown }));
  return ok(signers.size);
}

/** The payload, checked by its schema; only after `countSigners` has given enough. */
export const payloadOf = <T extends TSchema>(
  document: JwsMany,
  schema: T,
  what: string,
): Result<Static<T>, Fault> => parseJson(schema, unb64u(document.payload).toString("utf8"), what);
