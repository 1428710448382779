import { type Static, Type } from "@sinclair/typebox";
import { err, type Fault, ok, type Result } from "../../drivers/kit/index.ts";
import { hasOwnId, type KeyRole, PublicKeySchema } from "../../fleet/contract/index.ts";
import { bundleFault } from "../bundle/faults.ts";

/** Roles whose keys sign bundles. No key serves two of them. */
export const BUNDLE_ROLES = [
  "root",
  "configuration",
  "content",
  "certificates",
  "software",
  "command",
] as const satisfies readonly KeyRole[];
export type BundleRole = (typeof BUNDLE_ROLES)[number];

/** All signing keys of an owner, and how many of each role must sign. */
export const KeySetSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** Rises by one with each rotation. */
    version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
    keys: Type.Array(PublicKeySchema, { minItems: 1, maxItems: 32 }),
    /** Signatures that a document of a role needs; 1 where none is named. */
    thresholds: Type.Record(
      Type.String({ pattern: "^(root|configuration|content|certificates|software|command)$" }),
      Type.Integer({ minimum: 1, maximum: 16 }),
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type KeySet = Static<typeof KeySetSchema>;

export const thresholdOf = (set: KeySet, role: KeyRole): number => set.thresholds[role] ?? 1;

/**
 * Whether a key set can be believed at all: ids that fit, no key twice (not even in another role), no threshold that its
 * keys cannot reach. @returns `bundle.badKeySet` with the place
 */
export function checkKeySet(set: KeySet, needsRoot: boolean): Result<KeySet, Fault> {
  const seen = new Set<string>();
  for (const key of set.keys) {
    if (!(BUNDLE_ROLES as readonly string[]).includes(key.role))
      return err(bundleFault("badKeySet", { kid: key.kid, rule: "role" }));
    if (!hasOwnId(key)) return err(bundleFault("badKeySet", { kid: key.kid, rule: "id" }));
    if (seen.has(key.x)) return err(bundleFault("badKeySet", { kid: key.kid, rule: "twice" }));
    seen.add(key.x);
  }
  for (const role of BUNDLE_ROLES) {
    const keys = set.keys.filter((key) => key.role === role).length;
    if ((role in set.thresholds || keys > 0) && keys < thresholdOf(set, role))
      return err(bundleFault("badKeySet", { role, keys, threshold: thresholdOf(set, role) }));
  }
  if (needsRoot && !set.keys.some((key) => key.role === "root"))
    return err(bundleFault("badKeySet", { role: "root", keys: 0 }));
  return ok(set);
}
