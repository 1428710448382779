import { type Static, Type } from "@sinclair/typebox";

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
