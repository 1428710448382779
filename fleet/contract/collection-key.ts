import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { b64u, defineErrors, err, ok, type Result, sha256, unb64u } from "../../drivers/kit/index.ts";
import { parseReference } from "./reference.ts";

/**
 * The collection key: 16 random bytes made on the unit at submission. It travels only inside the sealed packet and on
 * the person's receipt. Two things are derived from it: a key id, by which a voucher is found, and the AES-256-GCM
 * key that opens the template inside the voucher.
 */
export const newCollectionKey = (): Buffer => randomBytes(16);

/** Non-secret name of a collection key: 12 bytes of SHA-256, base64url. */
export const collectionKeyId = (key: Uint8Array): string =>
  b64u(sha256("guichet collection key id v1\0", key).subarray(0, 12));

const templateKey = (key: Uint8Array, voucherId: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, Buffer.from(voucherId), "guichet template v1", 32));

export const collectionFault = defineErrors("collection", {
  notReceipt: {
    what: "The code that was shown is not a receipt of this service",
    todo: "Show the code of the receipt that you photographed",
    remedy: "tryAgain",
    cause: "user",
  },
  torn: {
    what: "The receipt's code is damaged",
    todo: "Show it again, flat and whole",
    remedy: "tryAgain",
    cause: "user",
  },
  wrongKey: {
    what: "The receipt's key does not open this voucher",
    todo: "Show the receipt that belongs to this document",
    remedy: "tryAgain",
    cause: "security",
  },
});

/** Encrypts a template for a voucher: nonce(12) ‖ ciphertext ‖ tag(16), bound to the voucher's id. */
export function sealTemplate(key: Uint8Array, voucherId: string, template: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", templateKey(key, voucherId), nonce);
  cipher.setAAD(Buffer.from(voucherId));
  return b64u(Buffer.concat([nonce, cipher.update(template), cipher.final(), cipher.getAuthTag()]));
}

export function openTemplate(key: Uint8Array, voucherId: string, sealed: string): Result<Buffer> {
  const bytes = unb64u(sealed);
  if (bytes.length < 29) return err(collectionFault("wrongKey"));
  try {
    const decipher = createDecipheriv("aes-256-gcm", templateKey(key, voucherId), bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(voucherId));
    decipher.setAuthTag(bytes.subarray(-16));
    return ok(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]));
  } catch {
    return err(collectionFault("wrongKey"));
  }
}

/** What the receipt's QR code says: `G1.<reference>.<key>.<check>`; the check is 4 bytes of SHA-256 against a torn read. */
export function makeReceiptCode(reference: string, key: Uint8Array): string {
  const body = `G1.${reference}.${b64u(key)}`;
  return `${body}.${b64u(sha256(body).subarray(0, 4))}`;
}

export function parseReceiptCode(text: string): Result<{ reference: string; key: Buffer; keyId: string }> {
  const match = /^(G1\.([A-Z0-9-]{8,20})\.([A-Za-z0-9_-]{22}))\.([A-Za-z0-9_-]{6})$/.exec(text.trim());
  if (!match) return err(collectionFault(text.startsWith("G1.") ? "torn" : "notReceipt"));
  const [, body, reference, key, check] = match as unknown as [string, string, string, string, string];
  if (b64u(sha256(body).subarray(0, 4)) !== check || !parseReference(reference).ok)
    return err(collectionFault("torn"));
  const bytes = unb64u(key);
  return ok({ reference, key: bytes, keyId: collectionKeyId(bytes) });
}
