import type { KeyObject } from "node:crypto";
import { err, type Fault, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import type { JwsMany } from "../../fleet/contract/index.ts";
import type { Board } from "../board.ts";
import { bundleFault } from "../bundle/faults.ts";
import { BUNDLE_KINDS, type BundleKind, type BundleManifest } from "../bundle/manifest.ts";
import {
  type OpenedBundle,
  openBundle,
  peekBundle,
  type Receiver,
  unmetRequirement,
} from "../bundle/open.ts";
import type { BundleSource } from "../bundle/source.ts";
import { BOOTSTRAP, BootstrapSchema, ClaimSchema } from "../claim.ts";
import { wrongBootstrap } from "../device/index.ts";
import { receiverOf, type Standing } from "./layout.ts";

/** A bundle that came in: by what name a person knows it, and its private copy. */
export interface Given {
  file: string;
  source: BundleSource;
}

/** A bundle that the unit will take. */
export interface Chosen extends Given {
  manifest: BundleManifest;
  head: JwsMany;
  contentAt: number;
}

/** What bundles are judged by beside how the unit stands. */
export interface Terms extends Pick<Receiver, "nonce" | "attestedTime"> {
  /** The unit's own TLS key, which a certificate has to fit. */
  tls?: KeyObject;
  /** What the maker has put on the board, which no device of a configuration may have too. */
  board?: Board;
  /** For the tool, which sees only what lies before it: services and a certificate that are not here may be on the unit. */
  filesUnknown?: boolean;
}

/** What became of one file. */
export interface Report {
  file: string;
  /** What it says that it is; unproven where the result is a fault. */
  kind: BundleKind | undefined;
  result: Result<BundleManifest, Fault>;
}

/**
 * Judges everything that came in together and chooses the newest good bundle of each kind. Key sets come first, one by
 * one, and each decides about what follows; a claim decides for whom the others have to be. Every file gets its answer.
 */
export async function choose(
  given: readonly Given[],
  standing: Standing,
  terms: Terms,
): Promise<{ chosen: Chosen[]; reports: Report[]; after: Standing }> {
  const peeked = await Promise.all(
    given.map(async (one) => ({ ...one, claimed: await peekBundle(one.source) })),
  );
  const order = (kind: BundleKind | undefined) => (kind ? BUNDLE_KINDS.indexOf(kind) : BUNDLE_KINDS.length);
  peeked.sort((a, b) => {
    const [left, right] = [a.claimed, b.claimed];
    if (left?.kind !== right?.kind) return order(left?.kind) - order(right?.kind);
    const rising = (left?.manifest.counter ?? 0) - (right?.manifest.counter ?? 0);
    return left?.kind === "keys" ? rising : -rising;
  });
  const reports: Report[] = [];
  const chosen: Chosen[] = [];
  let after: Standing = { ...standing, counters: { ...standing.counters }, bundles: { ...standing.bundles } };
  for (const { file, source, claimed } of peeked) {
    const opened = await openBundle(source, receiverOf(after, terms));
    const next = opened.ok ? await stepOn(after, opened.value, source) : opened;
    if (opened.ok && next.ok) {
      const { manifest, head, contentAt } = opened.value;
      after = next.value;
      chosen.push({ file, source, manifest, head, contentAt });
      reports.push({ file, kind: manifest.kind, result: ok(manifest) });
    } else if (!next.ok) reports.push({ file, kind: claimed?.kind, result: next });
  }
  const short = chosen
    .map((one) => ({ one, fault: unmetRequirement(one.manifest, after.counters) }))
    .filter(({ fault }) => fault !== undefined);
  if (short.length === 0) return { chosen, reports, after };
  // What needs something else that is not here is laid aside, and the rest is judged anew without it.
  const aside = new Set(short.map(({ one }) => one.source));
  const again = await choose(
    given.filter(({ source }) => !aside.has(source)),
    standing,
    terms,
  );
  const refused = short.map(({ one, fault }) => ({
    file: one.file,
    kind: one.manifest.kind,
    result: { ok: false, error: fault } as Report["result"],
  }));
  return { ...again, reports: [...again.reports, ...refused] };
}

async function textIn(
  path: string,
  { files }: BundleManifest,
  contentAt: number,
  source: BundleSource,
): Promise<string | undefined> {
  let at = contentAt;
  for (const file of files) {
    if (file.path === path) return (await source.read(at, file.size)).toString("utf8");
    at += file.size;
  }
  return undefined;
}

/** How the unit stands once it has taken this bundle too. */
async function stepOn(
  before: Standing,
  { manifest, contentAt }: OpenedBundle,
  source: BundleSource,
): Promise<Result<Standing, Fault>> {
  const after: Standing = {
    ...before,
    counters: { ...before.counters, [manifest.kind]: manifest.counter },
    bundles: { ...before.bundles, [manifest.kind]: manifest.id },
  };
  // Signed and whole, and yet nothing for a unit: why stands in docs/decisions/bundles.md.
  if (manifest.kind === "software") return err(bundleFault("notInstallable"));
  if (manifest.kind === "keys") after.keys = manifest.keys;
  if (manifest.kind === "claim") {
    const claim = parseJson(
      ClaimSchema,
      (await textIn("claim.json", manifest, contentAt, source)) ?? "",
      "claim.json",
    );
    if (!claim.ok) return claim;
    const first = await textIn(BOOTSTRAP, manifest, contentAt, source);
    const bootstrap = first === undefined ? ok(undefined) : parseJson(BootstrapSchema, first, BOOTSTRAP);
    if (!bootstrap.ok) return bootstrap;
    const wrong = bootstrap.value && wrongBootstrap(bootstrap.value, before.identity.device);
    if (wrong) return err(wrong);
    if (before.claim && before.claim.unit !== claim.value.unit)
      return { ok: false, error: bundleFault("alreadyClaimed", { unit: before.claim.unit }) };
    after.claim = claim.value;
  }
  return ok(after);
}
