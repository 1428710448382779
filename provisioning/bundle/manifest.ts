import { type Static, type TProperties, Type } from "@sinclair/typebox";
import { SIGNED_TYPES } from "../../fleet/contract/index.ts";
import { KeySetSchema } from "../keys/key-set.ts";

/**
 * What a bundle says of itself: its manifest. A bundle is one file that a unit takes from a stick or over the link; the
 * order here is the order in which a unit takes several of them.
 */
export const BUNDLE_KINDS = [
  "keys",
  "claim",
  "certificates",
  "content",
  "configuration",
  "software",
  "command",
] as const;
export type BundleKind = (typeof BUNDLE_KINDS)[number];
export const bundleType = <K extends BundleKind>(kind: K): `guichet.bundle.${K}.v1` =>
  `guichet.bundle.${kind}.v1`;

/** The one role whose keys sign bundles of a kind. */
export const bundleRole = (kind: BundleKind) => SIGNED_TYPES[bundleType(kind)];

const MIB = 1024 * 1024;
/** What a bundle of each kind may be and hold at most; judged before anything of it is read. */
export const BUNDLE_LIMITS: Record<BundleKind, { bytes: number; files: number; allowed: RegExp }> = {
  keys: { bytes: MIB, files: 0, allowed: /^$/ },
  claim: { bytes: MIB, files: 2, allowed: /^(claim|bootstrap)\.json$/ },
  certificates: { bytes: MIB, files: 2, allowed: /^(tls|ca)\.crt$/ },
  content: { bytes: 16 * MIB, files: 256, allowed: /^(services|texts)\// },
  configuration: { bytes: 2 * MIB, files: 1, allowed: /^unit\.json$/ },
  software: { bytes: 128 * MIB, files: 4, allowed: /^[a-z0-9.+-]+_[A-Za-z0-9.+~-]+_(amd64|arm64|all)\.deb$/ },
  command: { bytes: MIB, files: 0, allowed: /^$/ },
};
/** Largest bundle of any kind. */
export const LARGEST_BUNDLE = 128 * MIB;
export const MANIFEST_BYTES = 256 * 1024;
/** A counter may rise by this much at once, so that a key that was misused cannot use up all numbers. */
export const COUNTER_LEAP = 1_000_000;

const closed = { additionalProperties: false };
const Id = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,40}$" });
const Counter = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
/** Seconds since the Unix epoch. */
const Seconds = Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 });

export const TargetSchema = Type.Union([
  Type.Object({ unit: Id }, closed),
  Type.Object({ site: Id }, closed),
  Type.Object({ group: Id }, closed),
  Type.Object({ all: Type.Literal(true) }, closed),
  /** A board that has no name yet, by the number that its maker gave it. */
  Type.Object({ device: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }) }, closed),
]);
export type Target = Static<typeof TargetSchema>;

const common = {
  v: Type.Literal(1),
  id: Id,
  target: TargetSchema,
  /** Boards that it fits; `any` fits all. */
  hardware: Type.Array(Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,40}$" }), {
    minItems: 1,
    maxItems: 16,
    uniqueItems: true,
  }),
  /** Rises with every bundle of a kind; a unit never goes back. */
  counter: Counter,
  /** Lowest counters of other kinds that it fits, so that parts that were never meant for each other do not meet. */
  requires: Type.Optional(
    Type.Record(Type.String({ pattern: `^(${BUNDLE_KINDS.join("|")})$` }), Counter, {
      additionalProperties: false,
    }),
  ),
  iat: Seconds,
  /** Not to be taken after this; judged only by a unit whose time is attested. */
  exp: Type.Optional(Seconds),
  files: Type.Array(
    Type.Object(
      {
        /** Relative, no dot at the start of a part. */
        path: Type.String({
          pattern: "^[A-Za-z0-9][A-Za-z0-9_.+~-]*(/[A-Za-z0-9][A-Za-z0-9_.+~-]*){0,4}$",
          maxLength: 120,
        }),
        size: Type.Integer({ minimum: 0, maximum: LARGEST_BUNDLE }),
        sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
      },
      closed,
    ),
    { maxItems: 256 },
  ),
} as const;
const manifest = <K extends BundleKind, P extends TProperties>(kind: K, more: P) =>
  Type.Object({ ...common, kind: Type.Literal(kind), ...more }, closed);

/** What a destructive command does. */
export const BUNDLE_COMMANDS = ["unconfigure"] as const;
export type BundleCommand = (typeof BUNDLE_COMMANDS)[number];

/** One schema for each kind, so that a mistake is named at its place. */
export const MANIFEST_SCHEMAS = {
  keys: manifest("keys", { keys: KeySetSchema }),
  claim: manifest("claim", {}),
  certificates: manifest("certificates", {}),
  content: manifest("content", {}),
  configuration: manifest("configuration", {}),
  software: manifest("software", {}),
  command: manifest("command", {
    command: Type.Unsafe<BundleCommand>({ type: "string", enum: [...BUNDLE_COMMANDS] }),
    /** The unit's own, from its last answer; it counts once. */
    nonce: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
  }),
} as const;
export type BundleManifest = Static<(typeof MANIFEST_SCHEMAS)[BundleKind]>;
