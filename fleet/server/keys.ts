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
  type SealKey,
  type SigningKey,
} from "../contract/index.ts";
import { centreFault } from "./faults.ts";
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
  /** X25519 keys that open what units have sealed: the one to which they seal now, then former ones. */
  seal: [SealKey, ...SealKey[]];
  /** What a unit's configuration lists under `centre.keys` and `centre.sealTo`. */
  public: { keys: PublicKey[]; sealTo: { kid: string; x: string }[] };
}

/** The keys of the centre whose state is in `dir`: a launcher provisions its unit with them before it is started. */
export const centreKeys = (dir: string): CentreKeys =>
  openKeys(join(dir, "keys"), existsSync(join(dir, "centre.db")));

/**
 * Opens the centre's own keys in `dir` (files of mode 0600), making those that are not there yet.
 * @param served whether there may be submissions already: then a new sealing key would hide that the old one is lost
 * @throws `centre.sealKeyMissing`
 */
export function openKeys(dir: string, served = false): CentreKeys {
  if (served && !existsSync(join(dir, "seal.json"))) throw centreFault("sealKeyMissing");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stored = <T>(name: string, make: () => T): T => {
    const path = join(dir, `${name}.json`);
    if (!existsSync(path)) writeOnce(path, JSON.stringify(make()));
    return JSON.parse(readFileSync(path, "utf8")) as T;
  };
  const sign = Object.fromEntries(
    ROLES.map((role) => [role, importSigningKey(stored(role, () => exportSigningKey(newSigningKey(role))))]),
  ) as Record<CentreRole, SigningKey>;
  const jwks = stored<JsonWebKey | JsonWebKey[]>("seal", () =>
    generateKeyPairSync("x25519").privateKey.export({ format: "jwk" }),
  );
  // One key, or a list with the newest first.
  const [seal, ...former] = (Array.isArray(jwks) ? jwks : [jwks]).map(sealKey);
  if (!seal) throw new TypeError("seal key");
  return {
    sign,
    seal: [seal, ...former],
    public: {
      keys: ROLES.map((role) => sign[role].public),
      sealTo: [{ kid: seal.kid, x: seal.x }],
    },
  };
}

function sealKey({ x, d }: JsonWebKey): SealKey {
  if (typeof x !== "string" || typeof d !== "string") throw new TypeError("seal key");
  return { kid: `seal-${sha256Hex(unb64u(x)).slice(0, 16)}`, x, d };
}
