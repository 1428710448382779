import { type Fault, schemaFault } from "../../drivers/kit/index.ts";
import type { Answer } from "../answer/index.ts";
import { type BundleKind, type BundleManifest, bundleRole, type Target } from "../bundle/index.ts";
import type { KeySet } from "../keys/index.ts";

const KINDS: Record<BundleKind, string> = {
  keys: "a new key set",
  claim: "a claim: gives a board its name",
  certificates: "certificates",
  content: "services and texts",
  configuration: "the configuration of a unit",
  software: "software",
  command: "a destructive command",
};

const COMMANDS = { unconfigure: "take away configuration, services and texts; the unit goes out of service" };

function target(of: Target): string {
  if ("unit" in of) return `the unit ${of.unit}`;
  if ("site" in of) return `every unit of the site ${of.site}`;
  if ("group" in of) return `every unit of the group ${of.group}`;
  if ("device" in of) return `the board with the number ${of.device}`;
  return "every unit";
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

/** What a bundle says of itself, in plain words; nothing of it is proven. */
export function describe(manifest: BundleManifest, kids: readonly string[], bytes: number): string[] {
  const hardware = manifest.hardware.includes("any") ? "every board" : manifest.hardware.join(", ");
  const lines = [
    `${manifest.id}: ${KINDS[manifest.kind]}`,
    `  for        ${target(manifest.target)}; hardware: ${hardware}`,
    `  counter    ${manifest.counter}`,
    `  made       ${day(manifest.iat)}`,
  ];
  if (manifest.exp !== undefined)
    lines.push(`  not after  ${day(manifest.exp)} (judged only by a unit that is sure of the time)`);
  const needs = Object.entries(manifest.requires ?? {}).map(
    ([kind, counter]) => `${kind} from ${counter} on`,
  );
  if (needs.length > 0) lines.push(`  needs      ${needs.join(", ")}`);
  if (manifest.kind === "command")
    lines.push(
      `  does       ${COMMANDS[manifest.command]}; once, on the unit with the nonce ${manifest.nonce}`,
    );
  if (manifest.kind === "keys") lines.push(...keySet(manifest.keys));
  lines.push(
    `  signed by  ${kids.length > 0 ? kids.join(", ") : "nobody yet"} (${bundleRole(manifest.kind)} keys sign this kind)`,
  );
  lines.push(`  size       ${bytes} bytes, ${manifest.files.length} files`);
  for (const { path, size } of manifest.files) lines.push(`    ${path}  ${size}`);
  return lines;
}

export function keySet(set: KeySet): string[] {
  return [
    `  key set    version ${set.version}`,
    ...set.keys.map(({ kid, role }) => `    ${kid}  (${set.thresholds[role] ?? 1} of this role must sign)`),
  ];
}

/** A unit's answer in plain words. */
export function describeAnswer(answer: Answer): string[] {
  const { claim } = answer;
  const list = (items: readonly string[], none: string) => (items.length > 0 ? items.join(", ") : none);
  return [
    claim ? `The unit ${claim.unit} of the site ${claim.site}` : "A board without a name",
    `  board      ${answer.device} (${answer.hardware}), software ${answer.software}`,
    `  answered   ${day(answer.iat)} by its own clock`,
    `  dates      ${answer.time === undefined ? "not judged: nobody has attested the time" : `judged by ${day(answer.time)}, attested`}`,
    `  its key    ${answer.key.kid}; compare it with the one on the screen, told while it asks for its certificate`,
    `  believes   key set ${answer.keys}`,
    `  counters   ${list(
      Object.entries(answer.counters).map(([kind, n]) => `${kind} ${n}`),
      "none",
    )}`,
    `  nonce      ${answer.nonce}`,
    ...answer.taken.map(({ file, code }) => `  ${file}: ${code === "ok" ? "taken" : `not taken, ${code}`}`),
    `  missing    ${list(answer.missing, "nothing")}`,
    ...(answer.devices ?? []).map(
      ({ role, driver, state, model }) => `  ${role}: ${state}, ${driver}${model ? ` (${model})` : ""}`,
    ),
    `  faults     ${list(answer.faults, "none")}`,
    answer.request
      ? "  asks for a certificate (write it to a file with --request FILE)"
      : "  asks for no certificate",
  ];
}

/** A mistake with its place and its remedy. */
export function explain(fault: Fault, file?: string): string[] {
  const { at, rule, what, ...others } = fault.fields;
  const place = Object.entries(others)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  if (fault.code === schemaFault("invalid").code)
    place.unshift(`${what}${at === "/" ? "" : ` at ${at}`} (${rule})`);
  else if (at !== undefined) place.unshift(`${at} (${rule})`);
  return [
    `${file ? `${file}: ` : ""}${fault.row.what}.`,
    ...(place.length > 0 ? [`  where  ${place.join(", ")}`] : []),
    `  do     ${fault.row.todo}.`,
    `  code   ${fault.code}`,
  ];
}
