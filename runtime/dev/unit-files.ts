import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  exportSigningKey,
  importSigningKey,
  newSigningKey,
  type PublicKey,
  type SigningKey,
} from "../../fleet/contract/index.ts";
import type { TlsIdentity } from "../../fleet/server/index.ts";
import {
  activeCounter,
  type BundleFile,
  makeBundle,
  provisionFrom,
  readConfiguration,
  type UnitConfiguration,
} from "../../provisioning/index.ts";

const SERVICES = "flows/services";

/** What a factory does once: an identity, whom to believe at first, the unit's own keys, its certificate. */
export async function manufacture(
  state: string,
  identity: { unit: string; site: string; trust: PublicKey[] },
  tls: TlsIdentity,
): Promise<SigningKey> {
  await mkdir(join(state, "keys"), { recursive: true, mode: 0o700 });
  const device = join(state, "keys", "device.json");
  if (!existsSync(device))
    await writeFile(device, JSON.stringify(exportSigningKey(newSigningKey("unit"))), { mode: 0o600 });
  await writeFile(join(state, "keys", "tls.key"), tls.key, { mode: 0o600 });
  await writeFile(join(state, "keys", "tls.crt"), tls.cert, { mode: 0o600 });
  await writeFile(join(state, "identity.json"), JSON.stringify(identity), { mode: 0o600 });
  return importSigningKey(
    JSON.parse(await readFile(device, "utf8")) as Parameters<typeof importSigningKey>[0],
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

/**
 * Provisions the unit as a technician does: a signed bundle is put into a folder (in place of a stick), the unit takes it
 * from there. Nothing happens when the unit has this content already.
 */
export async function provision(
  state: string,
  stick: string,
  configuration: UnitConfiguration,
  by: SigningKey,
): Promise<void> {
  const services: BundleFile[] = await Promise.all(
    filesBelow(SERVICES).map(async (path) => ({
      path: `services/${relative(SERVICES, path)}`,
      bytes: await readFile(path),
    })),
  );
  const files: BundleFile[] = [
    { path: "unit.json", bytes: Buffer.from(JSON.stringify(configuration, null, 2)) },
    ...services,
  ];
  const current = await readConfiguration(state);
  const same =
    current.ok &&
    (
      await Promise.all(
        files.map(async ({ path, bytes }) =>
          (
            await readFile(join(state, "config", path)).catch(() => Buffer.alloc(0))
          ).equals(Buffer.from(bytes)),
        ),
      )
    ).every(Boolean);
  if (same) return;
  const counter = (await activeCounter(state)) + 1;
  await mkdir(stick, { recursive: true });
  const bundle = makeBundle(
    {
      id: `${configuration.unit}-${counter}`,
      target: { unit: configuration.unit },
      counter,
      files,
      iat: Math.floor(Date.now() / 1000),
    },
    by,
  );
  await writeFile(join(stick, "unit.kbundle"), bundle);
  for (const { file, result } of await provisionFrom(stick, state)) {
    if (!result.ok) throw new Error(`${file}: ${result.error.message}`, { cause: result.error });
  }
}
