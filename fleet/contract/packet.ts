import { createCipheriv, createDecipheriv, generateKeyPairSync, randomBytes } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import {
  b64u,
  defineErrors,
  err,
  ok,
  parseJson,
  type Result,
  sha256Hex,
  unb64u,
} from "../../drivers/kit/index.ts";
import { type SigningKey, signJws } from "./jws.ts";
import { type PacketContent, PacketContentSchema } from "./messages.ts";

/**
 * The sealed packet of a submission. A random content key is sealed with HPKE (RFC 9180: DHKEM X25519, HKDF-SHA256,
 * AES-256-GCM) to the centre; the data is AES-256-GCM in blocks of 64 KiB whose nonces count and mark the last block
 * (the STREAM construction), so that nothing can be cut off, put elsewhere, or doubled. The unit signs a manifest over
 * the hashes of the ciphertext.
 */
export const PACKET_ALG = "HPKE-X25519-HKDF-SHA256-A256GCM/STREAM-A256GCM-64K";
const BLOCK = 64 * 1024;
const TAG = 16;
/** Bytes of one message on the link. */
export const TRANSPORT_CHUNK = 32 * 1024;
/** Largest ciphertext: the transport chunks that a manifest can list. */
const MAX_CHUNKS = 512;

const closed = { additionalProperties: false };
const Hash = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Id = Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$" });
const Key = Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: 100 });

export const ManifestSchema = Type.Object(
  {
    v: Type.Literal(1),
    sid: Id,
    unit: Id,
    reference: Type.String({ maxLength: 32 }),
    services: Type.Array(Type.String({ maxLength: 40 }), { minItems: 1, maxItems: 10 }),
    alg: Type.Literal(PACKET_ALG),
    /** Key of the centre to which the content key is sealed. */
    kid: Type.String({ maxLength: 64 }),
    /** HPKE encapsulated key and sealed content key, base64url. */
    enc: Key,
    wrapped: Key,
    /** Length of the ciphertext, bytes. */
    size: Type.Integer({ minimum: 1, maximum: MAX_CHUNKS * TRANSPORT_CHUNK }),
    /** SHA-256 of each transport chunk of the ciphertext, in order. */
    chunks: Type.Array(Hash, { minItems: 1, maxItems: MAX_CHUNKS }),
    /** Lengths of the parts in the order in which they stand in the plaintext; the first is the content. */
    parts: Type.Array(
      Type.Object(
        {
          name: Type.String({ maxLength: 60 }),
          mediaType: Type.String({ maxLength: 60 }),
          length: Type.Integer({ minimum: 0 }),
        },
        closed,
      ),
      { minItems: 1, maxItems: 41 },
    ),
    /** Wall clock of the unit, ms. */
    createdAt: Type.Number(),
  },
  closed,
);
export type Manifest = Static<typeof ManifestSchema>;

export const packetFault = defineErrors("packet", {
  notForUs: {
    what: "The packet is sealed to a key that is not ours",
    todo: "Check which key the unit's configuration names",
    remedy: "configuration",
    cause: "security",
  },
  altered: {
    what: "The packet is not what was sealed: altered, cut, or of another submission",
    todo: "Ask the unit to send it again; find out who changed it",
    remedy: "none",
    cause: "security",
  },
  tooLarge: {
    what: "The submission is larger than a packet may be",
    todo: "Lower the size of the captures",
    remedy: "configuration",
    cause: "software",
  },
});

export interface SealRecipient {
  kid: string;
  /** X25519 public key, raw, base64url. */
  x: string;
}
export interface SealKey extends SealRecipient {
  /** X25519 private key, raw, base64url. */
  d: string;
}
export interface PacketPart {
  name: string;
  mediaType: string;
  bytes: Uint8Array;
}

/** A one-time key pair to which an answer can be sealed. */
export function newReplyKey(): SealKey {
  const jwk = generateKeyPairSync("x25519").privateKey.export({ format: "jwk" });
  return { kid: "reply", x: jwk.x as string, d: jwk.d as string };
}

/** Loaded at the first use: nothing before a person's first question needs it. */
async function hpke() {
  const { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } = await import("@hpke/core");
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

const exact = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

async function seal(
  recipient: SealRecipient,
  info: string,
  aad: string,
  plain: Uint8Array,
): Promise<{ enc: Buffer; ct: Buffer }> {
  const suite = await hpke();
  const recipientPublicKey = await suite.kem.importKey("raw", exact(unb64u(recipient.x)), true);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: exact(Buffer.from(info)) });
  const ct = await sender.seal(exact(plain), exact(Buffer.from(aad)));
  return { enc: Buffer.from(sender.enc), ct: Buffer.from(ct) };
}

async function open(
  key: SealKey,
  info: string,
  aad: string,
  enc: Uint8Array,
  ct: Uint8Array,
): Promise<Result<Buffer>> {
  try {
    const suite = await hpke();
    const recipientKey = await suite.kem.importKey("raw", exact(unb64u(key.d)), false);
    const context = await suite.createRecipientContext({
      recipientKey,
      enc: exact(enc),
      info: exact(Buffer.from(info)),
    });
    return ok(Buffer.from(await context.open(exact(ct), exact(Buffer.from(aad)))));
  } catch {
    return err(packetFault("altered"));
  }
}

const SMALL = "guichet small v1";

/** Seals a short message, bound to `aad`; base64url of encapsulated key and ciphertext. */
export async function sealSmall(recipient: SealRecipient, bytes: Uint8Array, aad: string): Promise<string> {
  const { enc, ct } = await seal(recipient, SMALL, aad, bytes);
  return b64u(Buffer.concat([enc, ct]));
}

/** Opens what `sealSmall` made for this key and this `aad`; fault `packet.altered` otherwise. */
export async function openSmall(key: SealKey, sealed: string, aad: string): Promise<Result<Buffer>> {
  const bytes = unb64u(sealed);
  if (bytes.length < 32 + TAG) return err(packetFault("altered"));
  return open(key, SMALL, aad, bytes.subarray(0, 32), bytes.subarray(32));
}

const PACKET = "guichet packet v1";
const binding = (sid: string, unit: string): string => `${PACKET}\0${sid}\0${unit}\0${PACKET_ALG}`;

/** Nonce of STREAM: 7 bytes nought (the key is used once), a counter, the mark of the last block. */
function nonce(counter: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

function encrypt(key: Uint8Array, aad: Buffer, plain: Buffer): Buffer {
  const blocks = Math.max(1, Math.ceil(plain.length / BLOCK));
  const out: Buffer[] = [];
  for (let i = 0; i < blocks; i++) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce(i, i === blocks - 1));
    cipher.setAAD(aad);
    out.push(cipher.update(plain.subarray(i * BLOCK, (i + 1) * BLOCK)), cipher.final(), cipher.getAuthTag());
  }
  return Buffer.concat(out);
}

function decrypt(key: Uint8Array, aad: Buffer, sealed: Buffer): Result<Buffer> {
  const step = BLOCK + TAG;
  const blocks = Math.max(1, Math.ceil(sealed.length / step));
  const out: Buffer[] = [];
  try {
    for (let i = 0; i < blocks; i++) {
      const block = sealed.subarray(i * step, (i + 1) * step);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce(i, i === blocks - 1), {
        authTagLength: TAG,
      });
      decipher.setAAD(aad);
      decipher.setAuthTag(block.subarray(-TAG));
      out.push(decipher.update(block.subarray(0, -TAG)), decipher.final());
    }
    return ok(Buffer.concat(out));
  } catch {
    return err(packetFault("altered"));
  }
}

export interface SealedPacket {
  manifest: Manifest;
  /** The manifest as it is signed and sent. */
  jws: string;
  ciphertext: Buffer;
}

/**
 * Seals a submission for the centre. The plaintext buffers are the caller's to wipe; the ones made here are wiped.
 * @throws RangeError when the packet would pass 16 MiB
 */
export async function sealPacket(
  packet: { content: PacketContent; parts: PacketPart[]; createdAt: number },
  recipient: SealRecipient,
  device: SigningKey,
): Promise<SealedPacket> {
  const { content, createdAt } = packet;
  const all: PacketPart[] = [
    { name: "content", mediaType: "application/json", bytes: Buffer.from(JSON.stringify(content)) },
    ...packet.parts,
  ];
  const plain = Buffer.concat(all.map((part) => part.bytes));
  const key = randomBytes(32);
  const ciphertext = encrypt(key, Buffer.from(binding(content.sid, content.unit)), plain);
  plain.fill(0);
  all[0]?.bytes.fill(0);
  const { enc, ct } = await seal(recipient, PACKET, binding(content.sid, content.unit), key);
  key.fill(0);
  if (ciphertext.length > MAX_CHUNKS * TRANSPORT_CHUNK) throw new RangeError("packet too large");
  const manifest: Manifest = {
    v: 1,
    sid: content.sid,
    unit: content.unit,
    reference: content.reference,
    services: content.applications.map((application) => application.service),
    alg: PACKET_ALG,
    kid: recipient.kid,
    enc: b64u(enc),
    wrapped: b64u(ct),
    size: ciphertext.length,
    chunks: transportChunks(ciphertext).map((chunk) => sha256Hex(chunk)),
    parts: all.map(({ name, mediaType, bytes }) => ({ name, mediaType, length: bytes.length })),
    createdAt,
  };
  return { manifest, jws: signJws("guichet.manifest.v1", manifest, device), ciphertext };
}

/** The ciphertext as it goes over the link. */
export function transportChunks(ciphertext: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(ciphertext.length / TRANSPORT_CHUNK) }, (_, n) =>
    ciphertext.subarray(n * TRANSPORT_CHUNK, (n + 1) * TRANSPORT_CHUNK),
  );
}

/** Opens a packet whose manifest's signature has been verified. Faults: `packet.notForUs`, `packet.altered`, `schema.invalid`. */
export async function openPacket(
  manifest: Manifest,
  ciphertext: Buffer,
  key: SealKey,
): Promise<Result<{ content: PacketContent; parts: Map<string, Buffer> }>> {
  if (manifest.kid !== key.kid) return err(packetFault("notForUs", { kid: manifest.kid }));
  const chunks = transportChunks(ciphertext);
  const whole = ciphertext.length === manifest.size && chunks.length === manifest.chunks.length;
  if (!whole || chunks.some((chunk, n) => sha256Hex(chunk) !== manifest.chunks[n]))
    return err(packetFault("altered"));
  const aad = binding(manifest.sid, manifest.unit);
  const contentKey = await open(key, PACKET, aad, unb64u(manifest.enc), unb64u(manifest.wrapped));
  if (!contentKey.ok) return contentKey;
  if (contentKey.value.length !== 32) return err(packetFault("altered"));
  const plain = decrypt(contentKey.value, Buffer.from(aad), ciphertext);
  contentKey.value.fill(0);
  if (!plain.ok) return plain;
  const total = manifest.parts.reduce((sum, part) => sum + part.length, 0);
  if (total !== plain.value.length || manifest.parts[0]?.name !== "content")
    return err(packetFault("altered"));
  const parts = new Map<string, Buffer>();
  let at = 0;
  for (const part of manifest.parts) {
    parts.set(part.name, plain.value.subarray(at, at + part.length));
    at += part.length;
  }
  const content = parseJson(
    PacketContentSchema,
    (parts.get("content") ?? Buffer.alloc(0)).toString("utf8"),
    "packet content",
  );
  if (!content.ok) return content;
  if (
    content.value.sid !== manifest.sid ||
    content.value.unit !== manifest.unit ||
    content.value.reference !== manifest.reference
  ) {
    return err(packetFault("altered"));
  }
  parts.delete("content");
  return ok({ content: content.value, parts });
}
