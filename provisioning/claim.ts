import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { type Fault, ok, parseJson, type Result } from "../drivers/kit/index.ts";

const Id = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" });

/** Gives a board its name. */
export const ClaimSchema = Type.Object(
  {
    v: Type.Literal(1),
    unit: Id,
    site: Id,
    groups: Type.Array(Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,40}$" }), {
      maxItems: 16,
      uniqueItems: true,
    }),
  },
  { additionalProperties: false },
);
export type Claim = Static<typeof ClaimSchema>;

export const BOOTSTRAP = "bootstrap.json";
const Pem = Type.String({ minLength: 1, maxLength: 8_192, pattern: "^-----BEGIN " });

/**
 * Beside a claim: by what a board asks for its first certificate over the link. The key was made with the claim and is good
 * for nothing else; the unit's own keys never leave it.
 */
export const BootstrapSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** The broker's listener for claims, on the host of the configuration's broker. */
    url: Type.String({ pattern: "^mqtts://[^/@]+$", maxLength: 200 }),
    /** Whom the broker's certificate is signed by. */
    ca: Pem,
    /** For the board by its number (`claimName` of k1). */
    cert: Pem,
    key: Pem,
  },
  { additionalProperties: false },
);
export type Bootstrap = Static<typeof BootstrapSchema>;

/** What the active generation has to ask by; undefined when its claim came without. */
export async function readBootstrap(state: string): Promise<Result<Bootstrap | undefined, Fault>> {
  const text = await readFile(join(state, "config", BOOTSTRAP), "utf8").catch(() => undefined);
  return text === undefined ? ok(undefined) : parseJson(BootstrapSchema, text, BOOTSTRAP);
}
