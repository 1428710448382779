import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex, unb64u } from "../../drivers/kit/index.ts";
import {
  exportSigningKey,
  importSigningKey,
  type KeyRole,
  newSigningKey,
  type PublicKey,
  type SigningKey,
} from "../contract/index.ts";
import { writeOnce } from "./files.ts";

const ROLES = [
  "receipt",
  "decision",
  "voucher",
  "release",
  "assignment",
  "exchange",
  "host",
] as const satisfies readonly KeyRole[];
type CentreRole = (typeof ROLES)[number];

export interface CentreKeys {
  /** One signing key for each role. */
  sign: Record<CentreRole, SigningKey>;
  /** X25519 key to which units seal. `d` is private. */
  seal: { kid: string; x: string; d: string };
  /** What a unit's configuration lists under `centre.keys` and `centre.sealTo`. */
  public: { keys: PublicKey[]; sealTo: { kid: string; x: string }[] };
}

/** Opens the centre's own keys in `dir` (files of mode 0600), making those that are not there yet. */
export function openKeys(dir: string): CentreKeys {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stored = <T>(name: string, make: () => T): T => {
    const path = join(dir, `${name}.json`);
    if (!existsSync(path)) writeOnce(path, JSON.stringify(make()));
    return JSON.parse(readFileSync(path, "utf8")) as T;
  };
  const sign = Object.fromEntries(
    ROLES.map((role) => [role, importSigningKey(stored(role, () => exportSigningKey(newSigningKey(role))))]),
  ) as Record<CentreRole, SigningKey>;
  const jwk = stored<JsonWebKey>("seal", () =>
    generateKeyPairSync("x25519").privateKey.export({ format: "jwk" }),
  );
  if (typeof jwk.x !== "string" || typeof jwk.d !== "string") throw new TypeError("seal key");
  const seal = { kid: `seal-${sha256Hex(unb64u(jwk.x)).slice(0, 16)}`, x: jwk.x, d: jwk.d };
  return {
    sign,
    seal,
    public: {
      keys: ROLES.map((role) => sign[role].public),
      sealTo: [{ kid: seal.kid, x: seal.x }],
    },
  };
}
