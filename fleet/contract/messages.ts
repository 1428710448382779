import { type Static, Type } from "@sinclair/typebox";
import { sha256Hex } from "../../drivers/kit/index.ts";

/**
 * What travels in k1 beside the signed documents: the `d` of envelopes, the questions, and what a submission's packet
 * holds once it is open. Fields of a later version may be added: readers ignore what they do not know.
 */
const Id = Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$" });
const Code = Type.String({ maxLength: 64 });
/** One id, or those of two people, joined by `+`. */
const Operators = Type.String({ maxLength: 129 });
const Base64Url = Type.String({ maxLength: 16_384, pattern: "^[A-Za-z0-9_-]*$" });

/**
 * Everything a unit says of itself: the `d` of `up/birth` (all of it), `up/state` (with `online`; also the will) and
 * `up/tel/{group}` (what changed, with `nextBy`).
 */
export const UnitReportSchema = Type.Object({
  online: Type.Optional(Type.Boolean()),
  /** Seconds until the next message at the latest; after 2.5 times that the centre calls the unit stale. */
  nextBy: Type.Optional(Type.Number({ minimum: 1, maximum: 86_400 })),
  version: Type.Optional(Code),
  site: Type.Optional(Code),
  roles: Type.Optional(Type.Array(Code, { maxItems: 4 })),
  /** Service id to whether it is offered, and what is missing when it is not. */
  services: Type.Optional(
    Type.Record(
      Type.String({ maxLength: 40 }),
      Type.Object({ offered: Type.Boolean(), missing: Type.Optional(Type.Array(Code, { maxItems: 20 })) }),
    ),
  ),
  /** DeviceStatus of each role, as in drivers/contract. */
  devices: Type.Optional(
    Type.Array(
      Type.Object({
        role: Code,
        class: Type.Optional(Code),
        lifecycle: Code,
        fitness: Type.Object({
          state: Code,
          code: Type.Optional(Code),
          remedy: Type.Optional(Code),
          todo: Type.Optional(Type.String({ maxLength: 300 })),
        }),
      }),
      { maxItems: 64 },
    ),
  ),
  slots: Type.Optional(
    Type.Array(
      Type.Object({
        slot: Code,
        state: Code,
        itemHash: Type.Optional(Code),
        latch: Type.Optional(Code),
        item: Type.Optional(Code),
        effect: Type.Optional(Code),
      }),
      { maxItems: 160 },
    ),
  ),
  interlocks: Type.Optional(Type.Array(Code, { maxItems: 8 })),
  /** OpenTelemetry names to values. */
  metrics: Type.Optional(Type.Record(Type.String({ maxLength: 80 }), Type.Number())),
});
export type UnitReport = Static<typeof UnitReportSchema>;

/** `d` of `up/auth/state`: which documents the unit holds, by id; the centre sends what it misses. */
export const AuthStateSchema = Type.Object({
  highSeq: Type.Integer({ minimum: 0 }),
  have: Type.Array(Id, { maxItems: 2_000 }),
});
export type AuthState = Static<typeof AuthStateSchema>;

/** `d` of `up/ev/release`: somebody without a receipt asks for an officer, while the vault's challenge is open. */
export const ReleaseRequestSchema = Type.Object({
  voucher: Id,
  challenge: Type.String({ minLength: 22, maxLength: 64 }),
  slot: Type.Optional(Code),
});
export type ReleaseRequest = Static<typeof ReleaseRequestSchema>;

/** A row of the vault's journal, see runtime/ipc; kept as it is, so that its chain can be checked. */
export const JournalRowSchema = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: Type.Number(),
  event: Code,
  effect: Type.Optional(Code),
  slot: Type.Optional(Code),
  voucher: Type.Optional(Code),
  itemHash: Type.Optional(Code),
  outcome: Type.Optional(Code),
  detail: Type.Optional(Type.String({ maxLength: 200 })),
  operator: Type.Optional(Operators),
  prevHash: Type.String({ maxLength: 64 }),
  hash: Type.String({ maxLength: 64 }),
});
export type JournalRow = Static<typeof JournalRowSchema>;

/**
 * The hash that a row must have, as drivers/store chains them: over seq, at, event, the other fields as JSON in the order
 * in which the vault wrote them, and the hash before.
 */
export function journalRowHash({ seq, at, event, prevHash, hash: _, ...fields }: JournalRow): string {
  return sha256Hex(JSON.stringify([seq, at, event, JSON.stringify(fields), prevHash]));
}

/** Payload of `guichet.event.v1` on `up/ev/vault`: rows in order, signed by the unit's device key. */
export const JournalReportSchema = Type.Object({
  v: Type.Literal(1),
  unit: Id,
  stream: Type.Literal("vault"),
  rows: Type.Array(JournalRowSchema, { minItems: 1, maxItems: 100 }),
});
export type JournalReport = Static<typeof JournalReportSchema>;

/** Payload of `guichet.ack.v1` on `dn/auth/vault/ack`: the centre has every row up to this one, durably. */
export const AckSchema = Type.Object(
  { v: Type.Literal(1), unit: Id, stream: Id, upTo: Type.Integer({ minimum: 0 }), iat: Type.Integer() },
  { additionalProperties: false },
);
export type Ack = Static<typeof AckSchema>;

/** What a question's probe and its answer's pre-fill are bound to: the `aad` of `sealSmall`. */
export const probeBinding = (unit: string, qid: string): string => `guichet probe v1\0${unit}\0${qid}`;
export const prefillBinding = (unit: string, qid: string): string => `guichet prefill v1\0${unit}\0${qid}`;

/** The opened question, as JSON. On `up/ask/{qid}` stands what `sealSmall` made of it, as text and nothing else. */
export const ProbeSchema = Type.Object({
  v: Type.Literal(1),
  qid: Id,
  unit: Id,
  /** Identity card number with check character, brackets optional, e.g. `A123456(3)`. */
  number: Type.String({ minLength: 4, maxLength: 20 }),
  /** ISO 8601 date. */
  dateOfBirth: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
  template: Base64Url,
  templateFormat: Code,
  /** X25519 public key, raw, base64url: the pre-fill is sealed to it and to nothing else. */
  replyKey: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }),
});
export type Probe = Static<typeof ProbeSchema>;

/** What `sealed` of a decision holds, as JSON: field name to value, for the form. */
export const PrefillSchema = Type.Object({
  v: Type.Literal(1),
  fields: Type.Record(Type.String({ maxLength: 60 }), Type.String({ maxLength: 400 })),
});
export type Prefill = Static<typeof PrefillSchema>;

/** The head of an opened packet; its captures are binary parts beside it, named by `part`. */
export const PacketContentSchema = Type.Object({
  v: Type.Literal(1),
  sid: Id,
  unit: Id,
  reference: Type.String({ maxLength: 32 }),
  /** Wall clock of the unit at submission, ms. */
  at: Type.Number(),
  language: Type.Optional(Code),
  applications: Type.Array(
    Type.Object({
      service: Type.String({ maxLength: 40 }),
      /** The answers of the form. */
      fields: Type.Record(Type.String({ maxLength: 60 }), Type.Unknown()),
    }),
    { minItems: 1, maxItems: 10 },
  ),
  identity: Type.Object({
    number: Type.Optional(Type.String({ maxLength: 20 })),
    dateOfBirth: Type.Optional(Type.String({ maxLength: 10 })),
    /** `centre`: a decision was had; `officer`: it was away, somebody checks. */
    way: Type.Unsafe<"centre" | "officer">({ type: "string", enum: ["centre", "officer"] }),
    decision: Type.Optional(Type.String({ maxLength: 65_536 })),
  }),
  /** Collection key, base64url; exists only here and on the receipt. */
  collectionKey: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
  captures: Type.Array(
    Type.Object({
      part: Type.String({ maxLength: 60 }),
      kind: Type.Unsafe<"photo" | "fingerImage" | "fingerTemplate" | "signature">({
        type: "string",
        enum: ["photo", "fingerImage", "fingerTemplate", "signature"],
      }),
      /** Finger position, ISO/IEC 19794-2. */
      position: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
      /** Of a raw 8-bit grey image. */
      width: Type.Optional(Type.Integer()),
      height: Type.Optional(Type.Integer()),
      quality: Type.Optional(Type.Number()),
      templateFormat: Type.Optional(Code),
    }),
    { maxItems: 40 },
  ),
});
export type PacketContent = Static<typeof PacketContentSchema>;
