import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Type } from "@sinclair/typebox";
import { err, type Fault, ok, parseJson, type Result } from "../drivers/kit/index.ts";
import { PublicKeySchema, peekJws } from "../fleet/contract/index.ts";
import { BUNDLE_LIMITS, type BundleManifest, bundleFault, openBundle } from "./bundle.ts";
import { type UnitConfiguration, UnitConfigurationSchema } from "./unit-configuration.ts";

/**
 * State of a unit as provisioning sees it: `identity.json` (who am I, whom do I believe at first; written once when the
 * unit is made), `config.d/<counter>/` (one folder for each bundle) and `config`, a link to the active one.
 */
export const IdentitySchema = Type.Object(
  {
    unit: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" }),
    site: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" }),
    trust: Type.Array(PublicKeySchema, { minItems: 1, maxItems: 20 }),
  },
  { additionalProperties: false },
);

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Counter of the active bundle; 0 when the unit is not provisioned. */
export async function activeCounter(state: string): Promise<number> {
  const link = await readlink(join(state, "config")).catch(() => undefined);
  return link ? Number(link.split("/").at(-1)) : 0;
}

async function readIdentity(state: string) {
  return parseJson(IdentitySchema, await readFile(join(state, "identity.json"), "utf8"), "identity.json");
}

/**
 * Verifies a bundle and makes it the active configuration: written whole into a folder of its own, synced, then the
 * link is replaced by one rename. A cut at any point leaves the old configuration or the new one, never a mixture.
 */
export async function activateBundle(
  state: string,
  bytes: Uint8Array,
): Promise<Result<{ manifest: BundleManifest; configuration: UnitConfiguration }, Fault>> {
  const identity = await readIdentity(state);
  if (!identity.ok) return identity;
  const opened = openBundle(bytes, { ...identity.value, counter: await activeCounter(state) });
  if (!opened.ok) return opened;
  const { manifest, jws, files } = opened.value;
  const unitFile = files.find((file) => file.path === "unit.json");
  if (!unitFile) return err(bundleFault("missingFile", { path: "unit.json" }));
  const configuration = parseJson(
    UnitConfigurationSchema,
    Buffer.from(unitFile.bytes).toString("utf8"),
    "unit.json",
  );
  if (!configuration.ok) return configuration;
  if (configuration.value.unit !== identity.value.unit)
    return err(bundleFault("notForThisUnit", { bundle: manifest.id }));
  for (const service of configuration.value.services) {
    const path = `services/${service}/service.json`;
    if (!files.some((file) => file.path === path)) return err(bundleFault("missingFile", { path }));
  }
  const all = join(state, "config.d");
  const folder = join(all, String(manifest.counter));
  await rm(folder, { recursive: true, force: true });
  for (const file of files) await writeDurably(join(folder, file.path), file.bytes);
  await writeDurably(join(folder, "manifest.jws"), Buffer.from(jws));
  await syncTree(folder);
  await syncDirectory(all);
  await replaceLink(state, `config.d/${manifest.counter}`);
  await removeOthers(all, manifest.counter);
  return ok({ manifest, configuration: configuration.value });
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(folder, entry.name));
  }
  await syncDirectory(folder);
}

async function replaceLink(state: string, target: string): Promise<void> {
  const fresh = join(state, "config.new");
  await rm(fresh, { force: true });
  await symlink(target, fresh);
  await rename(fresh, join(state, "config"));
  await syncDirectory(state);
}

/** Keeps the new folder and the one before it, so that a technician can compare. */
async function removeOthers(all: string, active: number): Promise<void> {
  const counters = (await readdir(all)).map(Number).sort((a, b) => b - a);
  for (const counter of counters.filter((n) => n !== active).slice(1))
    await rm(join(all, String(counter)), { recursive: true });
}

/**
 * Looks into a folder (what stands on a stick) for bundles, `*.kbundle`, and activates the one with the highest counter
 * that this unit accepts. Each file is read once, under the size cap, and only that copy is used.
 * Answers what became of each file, so that a technician can be told.
 */
export async function provisionFrom(
  folder: string,
  state: string,
): Promise<
  { file: string; result: Result<{ manifest: BundleManifest; configuration: UnitConfiguration }, Fault> }[]
> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".kbundle")).sort();
  const reports: Awaited<ReturnType<typeof provisionFrom>> = [];
  const candidates: { file: string; bytes: Buffer; counter: number }[] = [];
  for (const file of names.slice(0, 16)) {
    const bytes = await readCapped(join(folder, file));
    if (bytes.ok) candidates.push({ file, bytes: bytes.value, counter: claimedCounter(bytes.value) });
    else reports.push({ file, result: bytes });
  }
  for (const { file, bytes } of candidates.sort((a, b) => b.counter - a.counter)) {
    reports.push({ file, result: await activateBundle(state, bytes) });
  }
  return reports;
}

async function readCapped(path: string): Promise<Result<Buffer, Fault>> {
  const stat = await lstat(path);
  if (!stat.isFile()) return err(bundleFault("notABundle"));
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(stat.size, BUNDLE_LIMITS.bundleBytes + 1));
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > BUNDLE_LIMITS.bundleBytes) return err(bundleFault("tooLarge", { bytes: stat.size }));
    return ok(buffer.subarray(0, length));
  } finally {
    await handle.close();
  }
}

/** The counter that an unverified bundle claims: only to try the newest first. */
function claimedCounter(bytes: Buffer): number {
  if (bytes.length < 21) return 0;
  const jws = bytes.toString(
    "latin1",
    21,
    21 + Math.min(bytes.readUInt32BE(17), BUNDLE_LIMITS.manifestBytes),
  );
  const counter = (peekJws(jws)?.payload as { counter?: unknown } | undefined)?.counter;
  return typeof counter === "number" ? counter : 0;
}

/** The active configuration of a unit, checked again at each start. */
export async function readConfiguration(state: string): Promise<Result<UnitConfiguration, Fault>> {
  const text = await readFile(join(state, "config", "unit.json"), "utf8").catch(() => undefined);
  if (text === undefined) return err(bundleFault("missingFile", { path: "config/unit.json" }));
  return parseJson(UnitConfigurationSchema, text, "unit.json");
}
