import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimName, newSigningKey, type SigningKey } from "../../fleet/contract/index.ts";
import { Provisioner, type ProvisionerOptions, type Trial } from "../../provisioning/activate/index.ts";
import { type BundleContent, makeBundle, memorySource } from "../../provisioning/bundle/index.ts";
import {
  BIT_STRING,
  commonName,
  der,
  ECDSA_SHA256,
  INTEGER,
  pem,
  SEQUENCE,
} from "../../provisioning/device/index.ts";
import type { Bootstrap } from "../../provisioning/index.ts";
import { BUNDLE_ROLES, type BundleRole, type KeySet, keySetOf } from "../../provisioning/keys/index.ts";
import type { TestContext } from "../kit.ts";
import { unitConfiguration } from "./unit.ts";

/** All signing keys of a made-up owner. */
export class Owner {
  readonly keys = Object.fromEntries(BUNDLE_ROLES.map((role) => [role, newSigningKey(role)])) as Record<
    BundleRole,
    SigningKey
  >;
  readonly set: KeySet;

  constructor(thresholds: KeySet["thresholds"] = {}, more: SigningKey[] = []) {
    this.set = keySetOf([...Object.values(this.keys), ...more], 1, thresholds);
  }
}

export const ROLE_OF: Record<BundleContent["kind"], BundleRole> = {
  keys: "root",
  claim: "certificates",
  certificates: "certificates",
  content: "content",
  configuration: "configuration",
  software: "software",
  command: "command",
};

const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
export const NONCE = "n".repeat(22);
export const CLAIM = { v: 1, unit: "kt-01", site: "kwun-tong", groups: ["east"] };
export const IDENTITY = { device: "board-7", hardware: "rpi4" };

/** A certificate that its own key has signed: enough to be judged by name and key. */
export function certificate(name: string, key: KeyObject, text = ""): Buffer {
  const time = (utc: string) => der(0x17, Buffer.from(utc));
  const serial = der(INTEGER, Buffer.from([1]));
  const validity = der(SEQUENCE, time("200101000000Z"), time("491231235959Z"));
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const body = der(SEQUENCE, serial, ECDSA_SHA256, commonName(name), validity, commonName(name), publicKey);
  const signature = der(BIT_STRING, Buffer.from([0]), sign("sha256", body, key));
  return Buffer.from(pem("CERTIFICATE", der(SEQUENCE, body, ECDSA_SHA256, signature)) + text);
}
export const TLS = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** What this board may ask for its first certificate by. */
export const BOOTSTRAP: Bootstrap = {
  v: 1,
  url: "mqtts://localhost:8884",
  ca: certificate("root", TLS).toString(),
  cert: certificate(claimName(IDENTITY.device), TLS).toString(),
  key: String(TLS.export({ format: "pem", type: "pkcs8" })),
};

/** A small good bundle of a kind, for the unit kt-01 on the board board-7. */
export function content(
  kind: BundleContent["kind"],
  over: Partial<BundleContent> = {},
  unit: Record<string, unknown> = {},
): BundleContent {
  const files: Record<string, BundleContent["files"]> = {
    claim: [{ path: "claim.json", bytes: text(CLAIM) }],
    certificates: [{ path: "tls.crt", bytes: certificate(CLAIM.unit, TLS) }],
    content: [{ path: "services/demo/service.json", bytes: text({}) }],
    configuration: [
      { path: "unit.json", bytes: text({ ...unitConfiguration(), services: ["demo"], ...unit }) },
    ],
    software: [{ path: "guichet_1.0_arm64.deb", bytes: Buffer.alloc(1_000, 7) }],
  };
  return {
    kind,
    id: `${kind}-1`,
    target: kind === "claim" ? { device: IDENTITY.device } : { unit: CLAIM.unit },
    counter: 1,
    files: files[kind] ?? [],
    iat: 1,
    ...(kind === "command" ? { command: "unconfigure" as const, nonce: NONCE } : {}),
    ...over,
  };
}

export const signed = (owner: Owner, of: BundleContent, by = [owner.keys[ROLE_OF[of.kind]]]): Buffer =>
  makeBundle(of, by);

export const given = (...bundles: Uint8Array[]) =>
  bundles.map((bytes, n) => ({ file: `${n}.kbundle`, source: memorySource(bytes) }));

export const HEALTHY: Trial = { restart: async () => undefined, missing: async () => [] };

/** A board that was made and never provisioned. */
export function board(t: TestContext, owner: Owner, over: Partial<ProvisionerOptions> = {}) {
  const state = mkdtempSync("/dev/shm/guichet-board-");
  t.after(() => rmSync(state, { recursive: true, force: true }));
  writeFileSync(join(state, "identity.json"), JSON.stringify({ ...IDENTITY, keys: owner.set }));
  const provisioner = new Provisioner({
    state,
    trial: HEALTHY,
    judgedBy: async () => ({ nonce: NONCE }),
    ...over,
  });
  return { state, provisioner };
}

/** A board with name, services and configuration. */
export async function unit(t: TestContext, owner: Owner, over: Partial<ProvisionerOptions> = {}) {
  const made = board(t, owner);
  const kinds = ["claim", "content", "configuration"] as const;
  for (const { result } of await made.provisioner.take(
    given(...kinds.map((kind) => signed(owner, content(kind)))),
  ))
    if (!result.ok) throw result.error;
  const provisioner = new Provisioner({
    state: made.state,
    trial: HEALTHY,
    judgedBy: async () => ({ nonce: NONCE }),
    ...over,
  });
  return { state: made.state, provisioner };
}

export const codeOf = (result: { ok: true } | { ok: false; error: { code: string } } | undefined): string =>
  !result ? "nothing" : result.ok ? "ok" : result.error.code;
