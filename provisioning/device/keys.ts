import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Type } from "@sinclair/typebox";
import { type Fault, parseJson } from "../../drivers/kit/index.ts";
import {
  claimName,
  exportSigningKey,
  importSigningKey,
  newSigningKey,
  type SigningKey,
} from "../../fleet/contract/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import type { Bootstrap } from "../claim.ts";
import { BIT_STRING, commonName, der, ECDSA_SHA256, INTEGER, pem, SEQUENCE } from "./der.ts";

/** The keys that a unit makes for itself; they never leave it. */
export interface DeviceKeys {
  /** Signs what the unit says. */
  signing: SigningKey;
  /** P-256, for TLS. */
  tls: KeyObject;
}

const StoredKeySchema = Type.Object({
  role: Type.Literal("unit"),
  jwk: Type.Record(Type.String(), Type.Unknown()),
});

/** There entirely or not at all after a power cut; readable for the group of its folder, which is the core's on a unit. */
async function writeDurable(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(`${path}.new`, "w", 0o640);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}

async function stored(path: string, make: () => string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return text;
  const made = make();
  await writeDurable(path, made);
  return made;
}

/** The unit's own keys in `keys/`, made at the first call. @throws a fault of `schema` when a file is damaged */
export async function openDeviceKeys(state: string): Promise<DeviceKeys> {
  const folder = join(state, "keys");
  const signing = parseJson(
    StoredKeySchema,
    await stored(join(folder, "device.json"), () => JSON.stringify(exportSigningKey(newSigningKey("unit")))),
    "keys/device.json",
  );
  if (!signing.ok) throw signing.error;
  const tls = await stored(join(folder, "tls.key"), () =>
    String(
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
    ),
  );
  return { signing: importSigningKey(signing.value), tls: createPrivateKey(tls) };
}

/** A certificate request (PKCS#10, RFC 2986) for the unit's name and TLS key, in PEM. */
export function certificateRequest(unit: string, key: KeyObject): string {
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const info = der(SEQUENCE, der(INTEGER, Buffer.from([0])), commonName(unit), publicKey, der(0xa0));
  const signature = der(BIT_STRING, Buffer.from([0]), sign("sha256", info, key));
  return pem("CERTIFICATE REQUEST", der(SEQUENCE, info, ECDSA_SHA256, signature));
}

/**
 * What is wrong with a certificate for a unit.
 * @param tls the unit's key; the tool, which does not have it, leaves that out
 */
export function wrongCertificate(text: string, unit: string | undefined, tls?: KeyObject): Fault | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch (error) {
    return bundleFault("wrongCertificate", { rule: "form" }, error);
  }
  if (certificate.subject !== `CN=${unit}`) return bundleFault("wrongCertificate", { rule: "name", unit });
  if (tls && !certificate.checkPrivateKey(tls)) return bundleFault("wrongCertificate", { rule: "key" });
  return undefined;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** What is wrong with `ca.crt`: one certificate or several, one after the other. */
export function wrongAuthorities(text: string): Fault | undefined {
  const parts = text.match(PEM) ?? [];
  if (parts.length === 0 || parts.length !== text.split("-----BEGIN ").length - 1)
    return bundleFault("wrongAuthority", { rule: "none" });
  try {
    for (const part of parts) new X509Certificate(part);
    return undefined;
  } catch (error) {
    return bundleFault("wrongAuthority", { rule: "form" }, error);
  }
}

/** What is wrong with what a claim gives a board to ask for its first certificate by. */
export function wrongBootstrap({ ca, cert, key }: Bootstrap, device: string): Fault | undefined {
  try {
    new X509Certificate(ca);
    return wrongCertificate(cert, claimName(device), createPrivateKey(key));
  } catch (error) {
    return bundleFault("wrongCertificate", { rule: "form" }, error);
  }
}
