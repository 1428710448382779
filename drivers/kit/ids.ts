import { createHash, randomBytes } from "node:crypto";

/** UUID version 7 (RFC 9562 §5.7): sortable by creation time. */
export function newId(wallMs: number = Date.now()): string {
  const b = randomBytes(16);
  b.writeUIntBE(wallMs, 0, 6);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x70;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const h = b.toString("hex");
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

export function sha256(...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const sha256Hex = (...parts: (Uint8Array | string)[]): string => sha256(...parts).toString("hex");

export const b64u = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
export const unb64u = (text: string): Buffer => Buffer.from(text, "base64url");
