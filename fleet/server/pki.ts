import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineErrors } from "../../drivers/kit/index.ts";
import { claimName } from "../contract/index.ts";
import { writeDurable } from "./files.ts";

/**
 * The centre's certificate authority: one root, one certificate for the broker, one for each unit and service.
 * A certificate's common name is the unit's id; the broker takes it as user name and client id.
 */
export const pkiFault = defineErrors("pki", {
  badName: {
    what: "A certificate was asked for a name that is not an id",
    todo: "Use lower-case letters, digits and hyphens, 2 to 31 characters",
    remedy: "configuration",
    cause: "user",
  },
  badRequest: {
    what: "A certificate request is not signed by the key that it names",
    todo: "Read the unit's answer again; if it stays so, somebody has altered it",
    remedy: "none",
    cause: "security",
  },
});

/** PEM texts that one end of a mutual TLS connection needs. */
export interface TlsIdentity {
  ca: string;
  cert: string;
  key: string;
}

export interface Pki {
  dir: string;
  ca: string;
  /** For the broker: valid for `localhost`, 127.0.0.1 and ::1. */
  server: TlsIdentity;
  /** The certificate of a unit or service; the same one again when it exists. Throws `pki.badName`. */
  issue(name: string): Promise<TlsIdentity>;
  /**
   * The certificate by which a board asks for its first one; of an authority that makes nothing else, which the broker
   * believes at the listener for claims alone. Throws `pki.badName`.
   */
  issueBoard(device: string): Promise<TlsIdentity>;
  /** The certificate for a request (PKCS#10 in PEM) of a unit's own key. Throws `pki.badName` and `pki.badRequest`. */
  certify(request: string): Promise<string>;
}

/** Shorter than a board's number may be: a common name has 64 characters (RFC 5280, upper bounds). */
const DEVICE = /^[A-Za-z0-9._-]{1,58}$/;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
const ROOT_DAYS = 3_650;
const LEAF_DAYS = 825;

/**
 * The name that a request (PKCS#10 in PEM) asks for, and the key that it is signed by.
 * @throws `pki.badName`, `pki.badRequest`
 */
export async function readRequest(request: string) {
  await import("reflect-metadata");
  const { Pkcs10CertificateRequest } = await import("@peculiar/x509");
  let asked: InstanceType<typeof Pkcs10CertificateRequest>;
  try {
    asked = new Pkcs10CertificateRequest(request);
  } catch (error) {
    throw pkiFault("badRequest", {}, error);
  }
  const name = /^CN=([a-z0-9][a-z0-9-]{1,30})$/.exec(asked.subject)?.[1];
  if (!name) throw pkiFault("badName");
  if (!(await asked.verify().catch(() => false))) throw pkiFault("badRequest", { name });
  return { name, publicKey: asked.publicKey };
}

/** Opens the authority in `dir`, making root and broker certificate at the first call. Keys are files of mode 0600. */
export async function makePki(dir: string): Promise<Pki> {
  // The package's injector needs this polyfill before it loads.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const usage = x509.KeyUsageFlags;
  const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const exportKey = async (key: webcrypto.CryptoKey) => {
    const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
      format: "pem",
      type: "pkcs8",
    }) as string;
  };
  const importKey = (pem: string) =>
    webcrypto.subtle.importKey(
      "pkcs8",
      createPrivateKey(pem).export({ format: "der", type: "pkcs8" }),
      ALGORITHM,
      false,
      ["sign"],
    );
  const serial = () => `00${randomBytes(15).toString("hex")}`;
  const from = () => new Date(Date.now() - DAY_MS);
  const until = (days: number) => new Date(Date.now() + days * DAY_MS);
  const file = (name: string) => join(dir, name);
  const has = (name: string) => existsSync(file(`${name}.pem`)) && existsSync(file(`${name}.key`));
  const read = (name: string) => ({
    cert: readFileSync(file(`${name}.pem`), "utf8"),
    key: readFileSync(file(`${name}.key`), "utf8"),
  });
  const keep = (name: string, pair: { cert: string; key: string }) => {
    writeDurable(file(`${name}.key`), pair.key);
    writeDurable(file(`${name}.pem`), pair.cert);
  };

  if (!has("ca")) {
    const keys = await newKeys();
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: "CN=Guichet root",
      notBefore: from(),
      notAfter: until(ROOT_DAYS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
      ],
    });
    keep("ca", { cert: root.toString("pem"), key: await exportKey(keys.privateKey) });
  }
  const root = read("ca");
  const issuer = new x509.X509Certificate(root.cert).subject;
  const signingKey = await importKey(root.key);

  const leaf = async (name: string, publicKey: webcrypto.CryptoKey, server: boolean): Promise<string> => {
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=${name}`,
      issuer,
      notBefore: from(),
      notAfter: until(LEAF_DAYS),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(usage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          server ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
        ]),
        ...(server
          ? [
              new x509.SubjectAlternativeNameExtension([
                { type: "dns", value: "localhost" },
                { type: "ip", value: "127.0.0.1" },
                { type: "ip", value: "::1" },
              ]),
            ]
          : []),
      ],
    });
    return certificate.toString("pem");
  };

  const issue = async (name: string, server: boolean): Promise<TlsIdentity> => {
    const stored = server ? "broker" : `client-${name}`;
    if (!has(stored)) {
      const keys = await newKeys();
      keep(stored, {
        cert: await leaf(name, keys.publicKey, server),
        key: await exportKey(keys.privateKey),
      });
    }
    return { ca: root.cert, ...read(stored) };
  };

  return {
    dir,
    ca: root.cert,
    server: await issue("localhost", true),
    issue: (name) => {
      if (!/^[a-z0-9][a-z0-9-]{1,30}$/.test(name)) return Promise.reject(pkiFault("badName"));
      return issue(name, false);
    },
    issueBoard: (device) => {
      if (!DEVICE.test(device)) return Promise.reject(pkiFault("badName"));
      return issue(claimName(device), false);
    },
    certify: async (request) => {
      const { name, publicKey } = await readRequest(request);
      return leaf(name, await publicKey.export(ALGORITHM, ["verify"]), false);
    },
  };
}
