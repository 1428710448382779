import { type Static, Type } from "@sinclair/typebox";

const Id = Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$" });
const B64 = Type.String({ maxLength: 16_384, pattern: "^[A-Za-z0-9_-]*$" });
/** Seconds since the Unix epoch, as in JWT (RFC 7519 NumericDate). */
const Seconds = Type.Integer({ minimum: 0 });
const closed = { additionalProperties: false };

/**
 * Permission to hand one item out once, to the person who proves to be its owner in the way `proof` says.
 * `receipt`: the receipt's key opens `template` (AES-256-GCM, see collection-key.ts) and the module matches 1:1.
 * `officer`: an officer's signed release for this unit's challenge, see ReleaseSchema.
 */
export const VoucherSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    unit: Id,
    /** The item code as it is printed on the item. */
    item: Type.String({ minLength: 4, maxLength: 40 }),
    reference: Type.String({ maxLength: 32 }),
    /** Per unit, rising; a lower one never replaces a higher one. */
    seq: Type.Integer({ minimum: 1 }),
    nbf: Seconds,
    exp: Seconds,
    /** Key ids of the collection key (see collection-key.ts); empty when the receipt way is not offered. */
    keyId: Type.Optional(Type.String({ maxLength: 24 })),
    template: Type.Optional(B64),
    templateFormat: Type.Optional(Type.String({ maxLength: 32 })),
    /**
     * Permission to take one old card in instead of handing one out: only the one with this item code (another one is given
     * back), or `any`.
     */
    intake: Type.Optional(Type.Unsafe<"exact" | "any">({ type: "string", enum: ["exact", "any"] })),
  },
  closed,
);
export type Voucher = Static<typeof VoucherSchema>;

/** An officer's word that this person, at this unit, now, is the owner: names the voucher and the vault's challenge. */
export const ReleaseSchema = Type.Object(
  {
    v: Type.Literal(1),
    unit: Id,
    voucher: Id,
    challenge: Type.String({ minLength: 22, maxLength: 64 }),
    operator: Id,
    exp: Seconds,
  },
  closed,
);
export type Release = Static<typeof ReleaseSchema>;

/** The senses' word that the finger on the module matched the template of this voucher, for the vault's challenge. */
export const AttestationSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** SHA-256 of the voucher's compact JWS, hex. */
    voucherHash: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    challenge: Type.String({ minLength: 22, maxLength: 64 }),
    matched: Type.Literal(true),
    score: Type.Integer({ minimum: 0 }),
  },
  closed,
);
export type Attestation = Static<typeof AttestationSchema>;

/** Says that an item belongs into this unit; without it the vault loads nothing. */
export const AssignmentSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    unit: Id,
    item: Type.String({ minLength: 4, maxLength: 40 }),
    nbf: Seconds,
    exp: Seconds,
  },
  closed,
);
export type Assignment = Static<typeof AssignmentSchema>;

/** A member of staff may open an exchange at this unit, with a second one as witness where items cannot be read at hand-over. */
export const CredentialSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    unit: Id,
    operator: Id,
    nbf: Seconds,
    exp: Seconds,
    /** Most unlocks that it pays for. */
    unlocks: Type.Integer({ minimum: 1, maximum: 200 }),
  },
  closed,
);
export type Credential = Static<typeof CredentialSchema>;

/** A named operator's finding about a slot whose state is unknown. */
export const SettlementSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    unit: Id,
    slot: Id,
    effect: Id,
    finding: Type.Unsafe<"taken" | "notMoved" | "removed">({
      type: "string",
      enum: ["taken", "notMoved", "removed"],
    }),
    operator: Id,
    exp: Seconds,
  },
  closed,
);
export type Settlement = Static<typeof SettlementSchema>;

/** The centre's word on a question of identity. Carries no template and, beyond what pre-fills the form, nothing. */
export const DecisionSchema = Type.Object(
  {
    v: Type.Literal(1),
    qid: Id,
    unit: Id,
    decision: Type.Unsafe<"accepted" | "refused" | "notEligible" | "unknownPerson">({
      type: "string",
      enum: ["accepted", "refused", "notEligible", "unknownPerson"],
    }),
    /** Why, as a code that the texts translate. */
    reason: Type.Optional(Type.String({ maxLength: 40 })),
    /** Service ids that the person may use. */
    eligible: Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20 }),
    /** Pre-filled answers and facts, sealed to the unit's ephemeral key of the question (see packet.ts). */
    sealed: Type.Optional(B64),
    iat: Seconds,
    exp: Seconds,
  },
  closed,
);
export type Decision = Static<typeof DecisionSchema>;

/** A receipt of the centre. `accepted` is the only one after which a unit may erase. */
export const ReceiptSchema = Type.Object(
  {
    v: Type.Literal(1),
    sid: Id,
    unit: Id,
    /** SHA-256 of the manifest's compact JWS, hex. */
    manifestHash: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    state: Type.Unsafe<"need" | "accepted" | "rejected">({
      type: "string",
      enum: ["need", "accepted", "rejected"],
    }),
    /** For `need`: [first, last] chunk numbers that are missing, inclusive. */
    missing: Type.Optional(Type.Array(Type.Tuple([Type.Integer(), Type.Integer()]), { maxItems: 256 })),
    reason: Type.Optional(Type.String({ maxLength: 40 })),
    /** Receipt number of the centre. */
    number: Type.Optional(Type.String({ maxLength: 40 })),
    iat: Seconds,
  },
  closed,
);
export type Receipt = Static<typeof ReceiptSchema>;

export const HostStateSchema = Type.Object(
  { v: Type.Literal(1), host: Id, online: Type.Boolean(), iat: Seconds },
  closed,
);
export type HostState = Static<typeof HostStateSchema>;
