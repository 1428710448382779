import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/**
 * The import table: which room may import which. Checked by `make lint` over every import, type imports included.
 * A room is a folder; others import it through its `index.ts` only, tests and the launcher excepted.
 */
export interface Room {
  /** Path prefix of the files it holds. */
  room: string;
  /** Prefixes that it may import, beside itself. */
  may: string[];
}

const KIT = ["drivers/kit", "drivers/contract"];
/** The folders of the drivers, one a device class. */
const CLASSES = [
  "fingerprint",
  "camera",
  "lock",
  "dispenser",
  "printer",
  "sensor",
  "auxiliary",
  "indicator",
].map((name) => `drivers/${name}`);
const UNIT = [
  ...KIT,
  "drivers/ports",
  "drivers/flight",
  "drivers/host",
  "drivers/registry",
  "drivers/store",
  "flows",
  "provisioning",
  "fleet/contract",
  "runtime/ipc",
];

/** First match wins, so the narrower rooms stand first. */
export const ROOMS: Room[] = [
  { room: "drivers/kit", may: [] },
  { room: "drivers/contract", may: ["drivers/kit"] },
  { room: "drivers/store", may: ["drivers/kit"] },
  { room: "drivers/ports", may: KIT },
  { room: "drivers/flight", may: [...KIT, "drivers/ports"] },
  { room: "drivers/host", may: KIT },
  { room: "drivers/bench", may: KIT },
  { room: "drivers/registry", may: [...KIT, "drivers/ports", ...CLASSES] },
  {
    room: "drivers/conformance",
    may: [...KIT, "drivers/ports", "drivers/host", "drivers/registry", "drivers/bench"],
  },
  {
    room: "drivers/replay",
    may: [
      ...KIT,
      "drivers/ports",
      "drivers/flight",
      "drivers/host",
      "drivers/registry",
      "drivers/conformance",
    ],
  },
  { room: "drivers", may: [...KIT, "drivers/ports"] },
  { room: "flows", may: KIT },
  { room: "provisioning", may: [...KIT, "drivers/registry", "fleet/contract"] },
  { room: "fleet/contract", may: ["drivers/kit"] },
  { room: "fleet/broker", may: ["drivers/kit", "fleet/contract"] },
  { room: "fleet/console", may: ["drivers/kit", "fleet/contract"] },
  { room: "fleet/server", may: ["drivers/kit", "drivers/store", "fleet/contract", "fleet/console"] },
  { room: "runtime/ipc", may: KIT },
  {
    room: "runtime/diagnostics",
    may: [...KIT, "drivers/ports", "drivers/flight", "drivers/host", "drivers/store", "runtime/ipc"],
  },
  { room: "runtime/core", may: UNIT },
  { room: "runtime/vault", may: [...UNIT, "runtime/diagnostics"] },
  { room: "runtime/senses", may: [...UNIT, "runtime/diagnostics"] },
  { room: "runtime/provisioner", may: UNIT },
  { room: "runtime/grants", may: [...KIT, "drivers/registry", "provisioning"] },
  { room: "runtime/console", may: [...KIT, "provisioning", "runtime/ipc"] },
  { room: "runtime/dev", may: ["drivers", "flows", "provisioning", "fleet", "runtime", "tools"] },
  { room: "tools", may: ["drivers", "flows", "provisioning", "fleet", "runtime"] },
  { room: "test", may: ["drivers", "flows", "provisioning", "fleet", "runtime", "tools"] },
];

/** Rooms whose neighbours may reach behind the `index.ts`: they wire or test. */
const REACHES_INSIDE = ["drivers/registry", "drivers/conformance", "runtime/dev", "tools", "test"];

/** A driver's conformance entry starts its simulator on the bench; it stands beside the driver and is never bundled. */
const CONFORMANCE_ENTRY = /^drivers\/[a-z]+\/[a-z0-9-]+\/conformance\.ts$/;

/**
 * The simulator of an I2C chip stands beside its driver, so that a new chip touches one folder. It knows kit, contract and
 * what the bench says a chip is; it shares nothing with the driver, and the driver does not know it.
 */
const CHIP_SIMULATOR = /^drivers\/(?!bench\/)[a-z]+\/[a-z0-9-]+\/simulator\.ts$/;
const SIMULATOR_MAY = /^drivers\/(kit\/index|contract\/index|bench\/bus\/chip)\.ts$/;

/** Drivers do not know each other: each `drivers/<class>/<chip>` is a room of its own. */
function roomOf(file: string): { name: string; may: string[] } | undefined {
  const found = ROOMS.find(({ room }) => file.startsWith(`${room}/`));
  if (!found) return undefined;
  if (found.room !== "drivers") return { name: found.room, may: found.may };
  return { name: file.split("/").slice(0, 3).join("/"), may: found.may };
}

const IMPORT =
  /(?:^|[;\s])(?:import|export)\s[^"';]*?from\s*"(\.[^"]+)"|import\s*\(\s*"(\.[^"]+)"\s*\)|^import\s*"(\.[^"]+)"/gm;

/** Everything that one file imports against the table, in words. */
export function violations(file: string, source: string): string[] {
  const own = roomOf(file);
  if (!own) return [`${file}: this folder has no row in the import table`];
  const found: string[] = [];
  for (const match of source.matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const target = relative(".", resolve(dirname(file), specifier));
    if (CHIP_SIMULATOR.test(file)) {
      if (!SIMULATOR_MAY.test(target)) found.push(`${file}: a chip's simulator may not import ${target}`);
      continue;
    }
    if (CHIP_SIMULATOR.test(target) && file.startsWith("drivers/") && !CONFORMANCE_ENTRY.test(file)) {
      found.push(`${file}: only the bench and the conformance entry know ${target}`);
      continue;
    }
    if (target.startsWith(`${own.name}/`)) continue;
    const other = roomOf(target);
    if (CONFORMANCE_ENTRY.test(file) && /^drivers\/(conformance|bench)\//.test(target)) continue;
    if (!own.may.some((prefix) => target.startsWith(`${prefix}/`))) {
      found.push(`${file}: ${own.name} may not import ${target}`);
    } else if (
      target.endsWith(".ts") &&
      !target.endsWith("/index.ts") &&
      other &&
      !REACHES_INSIDE.includes(own.name)
    ) {
      found.push(`${file}: import ${other.name} through its index.ts, not ${target}`);
    }
  }
  return found;
}

export function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(root, name))
    .filter((name) => !name.includes("/fixtures/") && statSync(name).isFile());
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const roots = ["drivers", "flows", "fleet", "provisioning", "runtime", "tools", "test"];
  const all = roots.flatMap(sourceFiles).flatMap((file) => violations(file, readFileSync(file, "utf8")));
  for (const line of all) console.error(line);
  if (all.length > 0) process.exit(1);
}
