import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  exportSigningKey,
  importSigningKey,
  newSigningKey,
  type SigningKey,
} from "../../fleet/contract/index.ts";
import type { TlsIdentity } from "../../fleet/server/index.ts";
import { type Identity, Provisioner, readStanding, takeFolder } from "../../provisioning/activate/index.ts";
import { type BundleContent, type BundleFile, makeBundle } from "../../provisioning/bundle/index.ts";
import { readConfiguration, type UnitConfiguration } from "../../provisioning/index.ts";
import type { BundleRole } from "../../provisioning/keys/index.ts";

const SERVICES = "flows/services";

/** What a factory does once: the number of a board, whom it believes at first, the unit's own keys, its certificate. */
export async function manufacture(state: string, identity: Identity, tls: TlsIdentity): Promise<SigningKey> {
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

/** Nothing to restart and nothing to ask: the launcher provisions a unit before it starts it. */
const NOT_RUNNING = { restart: async () => undefined, missing: async () => [] };

/**
 * Provisions the unit as a technician does: signed bundles are put into a folder (in place of a stick), the unit takes
 * them from there. Nothing happens when the unit has this content already.
 */
export async function provision(
  state: string,
  stick: string,
  configuration: UnitConfiguration,
  keys: Record<BundleRole, SigningKey>,
): Promise<void> {
  const services: BundleFile[] = await Promise.all(
    filesBelow(SERVICES).map(async (path) => ({
      path: `services/${relative(SERVICES, path)}`,
      bytes: await readFile(path),
    })),
  );
  const unitFile = { path: "unit.json", bytes: Buffer.from(JSON.stringify(configuration, null, 2)) };
  const provisioner = new Provisioner({ state, trial: NOT_RUNNING });
  await provisioner.recover();
  if (await hasAlready(state, [unitFile, ...services])) return;
  const standing = await readStanding(state);
  if (!standing.ok) throw standing.error;
  const { unit, site } = configuration;
  const claim = { path: "claim.json", bytes: Buffer.from(JSON.stringify({ v: 1, unit, site, groups: [] })) };
  await rm(stick, { recursive: true, force: true });
  await mkdir(stick, { recursive: true });
  const put = async (
    kind: "claim" | "content" | "configuration",
    target: BundleContent["target"],
    files: BundleFile[],
    by: SigningKey,
  ) => {
    const counter = (standing.value.counters[kind] ?? 0) + 1;
    const iat = Math.floor(Date.now() / 1000);
    const bundle = makeBundle({ kind, id: `${kind}-${counter}`, target, counter, files, iat }, [by]);
    await writeFile(join(stick, `${kind}.kbundle`), bundle);
  };
  await put("claim", { device: standing.value.identity.device }, [claim], keys.certificates);
  await put("content", { all: true }, services, keys.content);
  await put("configuration", { unit }, [unitFile], keys.configuration);
  for (const { file, result } of await takeFolder(stick, provisioner)) {
    if (!result.ok) throw new Error(`${file}: ${result.error.message}`, { cause: result.error });
  }
}

async function hasAlready(state: string, files: readonly BundleFile[]): Promise<boolean> {
  if (!(await readConfiguration(state)).ok) return false;
  for (const { path, bytes } of files) {
    const has = await readFile(join(state, "config", path)).catch(() => Buffer.alloc(0));
    if (!has.equals(Buffer.from(bytes))) return false;
  }
  return true;
}
