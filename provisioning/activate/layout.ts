import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { err, type Fault, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { BUNDLE_KINDS, type BundleKind } from "../bundle/manifest.ts";
import type { Receiver } from "../bundle/open.ts";
import { type Claim, ClaimSchema } from "../claim.ts";
import { type KeySet, KeySetSchema } from "../keys/key-set.ts";

/**
 * What provisioning keeps in a unit's state: `identity.json`, written once when the board is made; `config.d/<n>/`, one
 * whole folder for each generation and never changed after; `config`, a link to the active generation; `committed`, a
 * link to the last one that has proved itself. Where the two differ, a generation is on trial.
 */
export const IdentitySchema = Type.Object(
  {
    /** The board's own number and type. */
    device: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
    hardware: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,40}$" }),
    /** The key set that the board believes at first. */
    keys: KeySetSchema,
  },
  { additionalProperties: false },
);
export type Identity = Static<typeof IdentitySchema>;

const kindRecord = <T extends ReturnType<typeof Type.Integer> | ReturnType<typeof Type.String>>(of: T) =>
  Type.Record(Type.String({ pattern: `^(${BUNDLE_KINDS.join("|")})$` }), of, { additionalProperties: false });

/** `generation.json`: which bundles a generation is made of. */
export const GenerationSchema = Type.Object(
  {
    v: Type.Literal(1),
    generation: Type.Integer({ minimum: 1 }),
    /** Counter of the last bundle of each kind; a bundle with a lower or the same one is refused. */
    counters: kindRecord(Type.Integer({ minimum: 1 })),
    bundles: kindRecord(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type Generation = Static<typeof GenerationSchema>;

export const LINKS = { active: "config", committed: "committed" } as const;
export const generationFolder = (state: string, generation: number): string =>
  join(state, "config.d", String(generation));

/** The generation that a link names; 0 when there is none. */
export async function pointedAt(state: string, link: keyof typeof LINKS): Promise<number> {
  const target = await readlink(join(state, LINKS[link])).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return target ? Number(target.split("/").at(-1)) : 0;
}

/** What the unit is by its committed generation, and what it judges bundles by. */
export interface Standing {
  identity: Identity;
  /** 0 when nothing was ever committed. */
  generation: number;
  counters: Partial<Record<BundleKind, number>>;
  bundles: Partial<Record<BundleKind, string>>;
  keys: KeySet;
  claim: Claim | undefined;
}

const MISSING = "bundle.missingFile";
const readJson = async <T extends Parameters<typeof parseJson>[0]>(schema: T, path: string, what: string) => {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? err(bundleFault("missingFile", { path: what })) : parseJson(schema, text, what);
};

export async function readStanding(state: string): Promise<Result<Standing, Fault>> {
  const identity = await readJson(IdentitySchema, join(state, "identity.json"), "identity.json");
  if (!identity.ok) return identity.error.code === MISSING ? err(bundleFault("noIdentity")) : identity;
  const generation = await pointedAt(state, "committed");
  const first = { identity: identity.value, keys: identity.value.keys, claim: undefined };
  if (generation === 0) return ok({ ...first, generation, counters: {}, bundles: {} });
  const folder = generationFolder(state, generation);
  const read = await readJson(GenerationSchema, join(folder, "generation.json"), "generation.json");
  if (!read.ok) return read;
  const { counters, bundles } = read.value as Generation;
  const standing: Standing = { ...first, generation, counters, bundles };
  if (bundles.keys) {
    const keys = await readJson(KeySetSchema, join(folder, "keys.json"), "keys.json");
    if (!keys.ok) return keys;
    standing.keys = keys.value;
  }
  if (bundles.claim) {
    const claim = await readJson(ClaimSchema, join(folder, "claim.json"), "claim.json");
    if (!claim.ok) return claim;
    standing.claim = claim.value;
  }
  return ok(standing);
}

export const receiverOf = (
  { identity, claim, keys, counters }: Standing,
  more: Pick<Receiver, "nonce" | "attestedTime"> = {},
): Receiver => ({
  unit: claim?.unit,
  site: claim?.site,
  groups: claim?.groups ?? [],
  device: identity.device,
  hardware: identity.hardware,
  keys,
  counters,
  ...more,
});
