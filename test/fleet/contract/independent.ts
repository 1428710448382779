import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/**
 * A second implementation of the packet's cryptography, from the RFC and Node's own primitives only, so that a vector
 * does not merely agree with the code that made it.
 */
const two = (n: number) => Buffer.from([n >> 8, n & 255]);
const KEM = Buffer.concat([Buffer.from("KEM"), two(0x0020)]);
const SUITE = Buffer.concat([Buffer.from("HPKE"), two(0x0020), two(0x0001), two(0x0002)]);
const NOTHING = Buffer.alloc(0);

const hmac = (key: Uint8Array, ...parts: Uint8Array[]) => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};
/** LabeledExtract and LabeledExpand of RFC 9180 §4; every output here is at most one block of SHA-256. */
const extract = (suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array) =>
  hmac(salt.length > 0 ? salt : Buffer.alloc(32), Buffer.from("HPKE-v1"), suite, Buffer.from(label), ikm);
const expand = (suite: Buffer, prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
  hmac(prk, two(length), Buffer.from("HPKE-v1"), suite, Buffer.from(label), info, Buffer.from([1])).subarray(
    0,
    length,
  );

const publicKey = (x: Uint8Array): KeyObject =>
  createPublicKey({
    key: { kty: "OKP", crv: "X25519", x: Buffer.from(x).toString("base64url") },
    format: "jwk",
  });

/** Key and nonce of the first message in base mode (RFC 9180 §4.1 and §5.1). */
function schedule(dh: Buffer, enc: Uint8Array, recipient: Uint8Array, info: string) {
  const shared = expand(
    KEM,
    extract(KEM, NOTHING, "eae_prk", dh),
    "shared_secret",
    Buffer.concat([enc, recipient]),
    32,
  );
  const context = Buffer.concat([
    Buffer.from([0]),
    extract(SUITE, NOTHING, "psk_id_hash", NOTHING),
    extract(SUITE, NOTHING, "info_hash", Buffer.from(info)),
  ]);
  const secret = extract(SUITE, shared, "secret", NOTHING);
  return {
    key: expand(SUITE, secret, "key", context, 32),
    nonce: expand(SUITE, secret, "base_nonce", context, 12),
  };
}

function gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: string, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(aad));
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

export function hpkeSeal(x: string, info: string, aad: string, plain: Uint8Array) {
  const ephemeral = generateKeyPairSync("x25519");
  const enc = Buffer.from((ephemeral.publicKey.export({ format: "jwk" }) as { x: string }).x, "base64url");
  const recipient = Buffer.from(x, "base64url");
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKey(recipient) });
  const { key, nonce } = schedule(dh, enc, recipient, info);
  return { enc, ct: gcmSeal(key, nonce, aad, plain) };
}

export function hpkeOpen(
  own: { x: string; d: string },
  info: string,
  aad: string,
  enc: Buffer,
  ct: Buffer,
): Buffer {
  const privateKey = createPrivateKey({ key: { kty: "OKP", crv: "X25519", ...own }, format: "jwk" });
  const dh = diffieHellman({ privateKey, publicKey: publicKey(enc) });
  const { key, nonce } = schedule(dh, enc, Buffer.from(own.x, "base64url"), info);
  return gcmOpen(key, nonce, aad, ct);
}

const BLOCK = 65_536;
const streamNonce = (n: number, last: boolean) =>
  Buffer.concat([Buffer.alloc(7), Buffer.from([n >>> 24, n >>> 16, n >>> 8, n, last ? 1 : 0])]);

/** Blocks of 64 KiB, each sealed with its number and whether it is the last. */
export function streamSeal(key: Uint8Array, aad: string, plain: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < plain.length; at += BLOCK)
    blocks.push(
      gcmSeal(key, streamNonce(at / BLOCK, at + BLOCK >= plain.length), aad, plain.subarray(at, at + BLOCK)),
    );
  return Buffer.concat(blocks);
}

export function streamOpen(key: Uint8Array, aad: string, sealed: Buffer): Buffer {
  const step = BLOCK + 16;
  const blocks: Buffer[] = [];
  for (let at = 0; at < sealed.length; at += step)
    blocks.push(
      gcmOpen(key, streamNonce(at / step, at + step >= sealed.length), aad, sealed.subarray(at, at + step)),
    );
  return Buffer.concat(blocks);
}
