import type { KeyRole, PublicKey, SignedType } from "../../../fleet/contract/index.ts";

export interface Key {
  public: PublicKey;
}

/**
 * Ideal signatures: one is valid for exactly the text that the holder of the key signed. That Ed25519 is one of these
 * is for the hostile proof, which runs the real one; here it would take most of the time.
 */
export class Signatures {
  readonly #bytes: (length: number) => Buffer;
  readonly #signed = new Map<string, string>();
  #keys = 0;

  constructor(bytes: (length: number) => Buffer) {
    this.#bytes = bytes;
  }

  key(role: KeyRole): Key {
    const x = this.#bytes(32).toString("base64url");
    return { public: { kid: `${role}-${++this.#keys}`, role, x } };
  }

  sign(type: SignedType, payload: unknown, by: Key): string {
    const { kid, x } = by.public;
    const input = `${encode({ alg: "EdDSA", typ: type, kid })}.${encode(payload)}`;
    const signature = this.#bytes(64);
    this.#signed.set(signature.toString("latin1"), `${x}.${input}`);
    return `${input}.${signature.toString("base64url")}`;
  }

  verify(input: Buffer, x: string, signature: Buffer): boolean {
    return this.#signed.get(signature.toString("latin1")) === `${x}.${input.toString("latin1")}`;
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
