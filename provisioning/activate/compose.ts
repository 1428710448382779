import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { err, type Fault } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import type { BundleKind, BundleManifest } from "../bundle/manifest.ts";
import { piecesOf } from "../bundle/source.ts";
import { wrongAuthorities, wrongCertificate } from "../device/keys.ts";
import { parseConfiguration } from "../unit-check.ts";
import { generationFolder, type Standing } from "./layout.ts";
import { type Chosen, choose, type Given, type Report, type Terms } from "./select.ts";

/** One file of the next generation. */
export interface Piece {
  path: string;
  bytes(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Where the same file lies already: in the generation before. */
  kept?: string;
}

/** Which files of a generation come from a bundle of which kind. */
const OWNS: Record<BundleKind, RegExp> = {
  keys: /^(keys\.json|heads\/keys\.json)$/,
  claim: /^((claim|bootstrap)\.json|heads\/claim\.json)$/,
  certificates: /^((tls|ca)\.crt|heads\/certificates\.json)$/,
  content: /^(services\/.*|texts\/.*|heads\/content\.json)$/,
  configuration: /^(unit\.json|heads\/configuration\.json)$/,
  software: /^(software\/.*|heads\/software\.json)$/,
  // `unconfigure` takes away what makes the unit serve; name, keys and certificate stay.
  command: /^(unit\.json|services\/.*|texts\/.*|heads\/(command|content|configuration)\.json)$/,
};

/** A new authority alone takes no unit its certificate: without one it would never be let in, nor ask again. */
const stays = (path: string, { kind, files }: BundleManifest): boolean =>
  kind === "certificates" && path === "tls.crt" && !files.some((file) => file.path === path);

/** The files of a generation that is there already. */
export async function piecesOfGeneration(state: string, generation: number): Promise<Map<string, Piece>> {
  const pieces = new Map<string, Piece>();
  if (generation === 0) return pieces;
  const folder = generationFolder(state, generation);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const path = relative(folder, from);
    pieces.set(path, { path, kept: from, bytes: () => createReadStream(from) });
  }
  return pieces;
}

/** Every file of the next generation: those of the one before, with the chosen bundles in place of what they replace. */
function compose(
  before: ReadonlyMap<string, Piece>,
  after: Standing,
  chosen: readonly Chosen[],
): Map<string, Piece> {
  const pieces = new Map(before);
  const put = (path: string, bytes: Piece["bytes"]) => pieces.set(path, { path, bytes });
  for (const { manifest, head, source, contentAt } of chosen) {
    for (const path of [...pieces.keys()])
      if (OWNS[manifest.kind].test(path) && !stays(path, manifest)) pieces.delete(path);
    let at = contentAt;
    for (const { path, size } of manifest.files) {
      const from = at;
      put(path, () => piecesOf(source, from, size));
      at += size;
    }
    if (manifest.kind === "keys") put("keys.json", () => [Buffer.from(JSON.stringify(manifest.keys))]);
    put(`heads/${manifest.kind}.json`, () => [Buffer.from(JSON.stringify(head))]);
  }
  const { generation, counters, bundles } = after;
  put("generation.json", () => [Buffer.from(JSON.stringify({ v: 1, generation, counters, bundles }))]);
  return pieces;
}

/** What is to become of the bundles that came in together. */
export interface Judgement {
  reports: Report[];
  /** The next generation; absent when there is none. */
  next?: { standing: Standing; pieces: ReadonlyMap<string, Piece> };
}

/**
 * Everything that decides about bundles before the disk is touched, for the unit and for the tool alike: which are good,
 * and what the unit's processes would find wrong with the generation that they make. They are taken together or not at all.
 */
export async function judge(
  given: readonly Given[],
  standing: Standing,
  terms: Terms,
  before: ReadonlyMap<string, Piece>,
): Promise<Judgement> {
  const { chosen, reports, after } = await choose(given, standing, terms);
  if (chosen.length === 0) return { reports };
  const next = { ...after, generation: standing.generation + 1 };
  const pieces = compose(before, next, chosen);
  const fault =
    (await wrongCertificates(chosen, pieces, standing, next, terms)) ?? (await dryRun(pieces, next, terms));
  return fault ? { reports: refuseAll(reports, fault) } : { reports, next: { standing: next, pieces } };
}

export const refuseAll = (reports: readonly Report[], fault: Fault): Report[] =>
  reports.map((report) => (report.result.ok ? { ...report, result: err(fault) } : report));

async function textOf(piece: Piece): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of piece.bytes()) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function wrongCertificates(
  chosen: readonly Chosen[],
  pieces: ReadonlyMap<string, Piece>,
  before: Standing,
  { claim }: Standing,
  { tls, filesUnknown }: Terms,
): Promise<Fault | undefined> {
  if (!chosen.some(({ manifest }) => manifest.kind === "certificates")) return undefined;
  const [own, authorities] = [pieces.get("tls.crt"), pieces.get("ca.crt")];
  if (!claim) return bundleFault("unclaimed");
  const wrong = authorities && wrongAuthorities(await textOf(authorities));
  if (wrong) return wrong;
  if (own) return wrongCertificate(await textOf(own), claim.unit, tls);
  const mayHave = filesUnknown && before.counters.certificates !== undefined;
  return mayHave ? undefined : bundleFault("missingFile", { path: "tls.crt" });
}

/** A unit without `unit.json` is unconfigured, which is a state and no fault. */
async function dryRun(
  pieces: ReadonlyMap<string, Piece>,
  after: Standing,
  terms: Terms,
): Promise<Fault | undefined> {
  const unitFile = pieces.get("unit.json");
  if (!unitFile) return undefined;
  if (!after.claim) return bundleFault("unclaimed");
  const parsed = parseConfiguration(await textOf(unitFile), terms.board);
  if (!parsed.ok) return parsed.error;
  const { unit, site, services } = parsed.value;
  if (unit !== after.claim.unit || site !== after.claim.site)
    return bundleFault("notForThisUnit", { unit: after.claim.unit, site: after.claim.site });
  if (terms.filesUnknown && !after.bundles.content) return undefined;
  for (const service of services) {
    const path = `services/${service}/service.json`;
    if (!pieces.has(path)) return bundleFault("missingFile", { path });
  }
  return undefined;
}
