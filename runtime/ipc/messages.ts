import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { DeviceStatusSchema, OUTCOMES, PROMPTS, PrintDocumentSchema } from "../../drivers/contract/index.ts";

/**
 * What the core may ask of the senses and of the vault, and what they say by themselves. Heads are checked on both
 * sides; raw bytes (images, templates) travel as binary parts beside the head, in the order that `parts` names.
 */
export interface Method<Q extends TSchema = TSchema, A extends TSchema = TSchema> {
  request: Q;
  answer: A;
  /** Names of the binary parts of the answer. */
  parts?: readonly string[];
}

const closed = { additionalProperties: false };
const Session = Type.String({ minLength: 1, maxLength: 40 });
const Nothing = Type.Object({}, closed);
const UserTime = Type.Integer({ minimum: 1_000, maximum: 600_000 });
const Jws = Type.String({ minLength: 20, maxLength: 65_536 });
const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values] });
const CameraRole = oneOf(["portrait", "document"]);

export const PHOTO_RULES = ["exposure", "faceCount", "headSize", "roll", "sharpness", "position"] as const;
export const PHOTO_ADVICE = [
  "moreLight",
  "lessLight",
  "noFace",
  "oneFaceOnly",
  "comeCloser",
  "goBack",
  "headStraight",
  "holdStill",
  "centre",
] as const;

export const PhotoVerdictSchema = Type.Object({
  rule: oneOf(PHOTO_RULES),
  pass: Type.Boolean(),
  /** The measured value, its unit given by the rule (see senses/vision). */
  value: Type.Number(),
  advice: Type.Optional(oneOf(PHOTO_ADVICE)),
});
export type PhotoVerdict = Static<typeof PhotoVerdictSchema>;

/** People's things were removed from a fingerprint module; nothing of them is here. */
export const ClearedSchema = Type.Object({
  role: Type.String(),
  /** Wall clock, ms. */
  at: Type.Number(),
  why: oneOf(["recovery", "request", "delete"]),
  /** Templates that were in its library and are not any more. */
  templates: Type.Integer({ minimum: 0 }),
  /** Whether its image and feature buffers were emptied too. */
  buffers: Type.Boolean(),
});
export type ClearedRow = Static<typeof ClearedSchema>;

const SensorReadings = Type.Object({
  readings: Type.Array(
    Type.Object({
      role: Type.String(),
      name: Type.String(),
      value: Type.Number(),
      unit: Type.String(),
      quality: oneOf(["good", "stale", "outOfRange", "unknown"]),
      at: Type.Number(),
    }),
  ),
});

export const sensesMethods = {
  status: { request: Nothing, answer: Type.Object({ devices: Type.Array(DeviceStatusSchema) }) },
  /** Places a finger, takes image and template. Emits `finger.prompt` while it runs. */
  "finger.capture": {
    request: Type.Object(
      {
        session: Session,
        position: Type.Integer({ minimum: 0, maximum: 10 }),
        minQuality: Type.Integer({ minimum: 0, maximum: 100 }),
        userTimeMs: UserTime,
      },
      closed,
    ),
    answer: Type.Object({
      quality: Type.Integer({ minimum: 0, maximum: 100 }),
      width: Type.Integer(),
      height: Type.Integer(),
      resolutionDpi: Type.Integer(),
      templateFormat: Type.String(),
    }),
    parts: ["image", "template"],
  },
  /** Opens the template of a voucher with the receipt's key, matches 1:1, and attests a match to the vault. */
  "finger.verify": {
    request: Type.Object(
      {
        session: Session,
        voucher: Jws,
        /** The collection key of the receipt, base64url. */
        key: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
        challenge: Type.String({ minLength: 22, maxLength: 64 }),
        userTimeMs: UserTime,
      },
      closed,
    ),
    answer: Type.Object({ matched: Type.Boolean(), score: Type.Integer(), attestation: Type.Optional(Jws) }),
  },
  /** A portrait, judged. `jpeg` is the whole still, `cropped` the passport crop (absent, of length 0, when there is no single face). */
  "photo.take": {
    request: Type.Object({ session: Session, profile: Type.String({ maxLength: 32 }) }, closed),
    answer: Type.Object({ pass: Type.Boolean(), verdicts: Type.Array(PhotoVerdictSchema) }),
    parts: ["jpeg", "cropped"],
  },
  /** Reads one QR code with the document camera; ends when one is seen or the time is over. */
  "code.scan": {
    request: Type.Object({ session: Session, userTimeMs: UserTime }, closed),
    answer: Type.Object({ text: Type.String({ maxLength: 4_096 }) }),
  },
  "preview.start": { request: Type.Object({ role: CameraRole }, closed), answer: Nothing },
  "preview.stop": { request: Type.Object({ role: CameraRole }, closed), answer: Nothing },
  /** Ends whatever runs under this session (they answer `device.canceled`). */
  cancel: { request: Type.Object({ session: Session }, closed), answer: Nothing },
  "sensor.read": { request: Nothing, answer: SensorReadings },
  /**
   * Prints a receipt, once: the same command again gets the answer of the first, and nothing is printed a second time by
   * itself. What is printed holds a person's data.
   */
  "receipt.print": {
    request: Type.Object(
      { command: Type.String({ minLength: 8, maxLength: 64 }), document: PrintDocumentSchema },
      closed,
    ),
    answer: Type.Object({
      outcome: oneOf(["presented", "notMoved", "unknown"]),
      /** Error code of the reason why nothing was printed. */
      code: Type.Optional(Type.String()),
    }),
  },
  /** After a visit: clears the fingerprint module, ends the vision helper, drops every buffer. */
  "visit.clear": { request: Nothing, answer: Nothing },
  /** What was removed from fingerprint modules and has not been taken yet, for the journal. It is given once. */
  "cleared.take": { request: Nothing, answer: Type.Object({ cleared: Type.Array(ClearedSchema) }) },
  /** Warms what a photo or code step needs (starts the vision helper). Answers at once. */
  "vision.warm": { request: Nothing, answer: Nothing },
} as const satisfies Record<string, Method>;

export const sensesEvents = {
  status: Type.Object({ device: DeviceStatusSchema }),
  "finger.prompt": Type.Object({ session: Session, prompt: oneOf(PROMPTS) }),
  /** Something was cleared; take it with `cleared.take`. */
  cleared: Nothing,
  /** One binary part: the JPEG. */
  "preview.frame": Type.Object({ role: CameraRole }),
} as const;

export const SLOT_STATES = ["empty", "loaded", "presented", "unknown"] as const;
export const SlotSchema = Type.Object({
  slot: Type.String(),
  state: oneOf(SLOT_STATES),
  /** SHA-256 of the item code, first 16 hex; the code itself is on the item only. */
  itemHash: Type.Optional(Type.String()),
  latch: oneOf(["locked", "open", "unknown"]),
  item: oneOf(["present", "absent", "unknown"]),
  /** The effect that left it unknown or presented. */
  effect: Type.Optional(Type.String()),
});
export type Slot = Static<typeof SlotSchema>;

/** `opened`: the door of a compartment; `presented`: an item is held at a dispenser's gate; `entryOpen`: put the old card in. */
export const HANDOVER_PHASES = [
  "intent",
  "issued",
  "unlocked",
  "opened",
  "closed",
  "fed",
  "presented",
  "entryOpen",
  "done",
] as const;
/** What became of an item of a dispenser beside the outcome. */
export const HANDOVER_MODIFIERS = ["retracted", "rejected", "accepted", "returned", "inPath"] as const;
export const HandoverSchema = Type.Object({
  effect: Type.String(),
  slot: Type.String(),
  phase: oneOf(HANDOVER_PHASES),
  outcome: Type.Optional(oneOf(OUTCOMES)),
  modifier: Type.Optional(oneOf(HANDOVER_MODIFIERS)),
});
export type Handover = Static<typeof HandoverSchema>;

export const EXCHANGE_PHASES = ["unlocked", "opened", "stored", "empty", "presented", "unknown"] as const;

const Count = Type.Integer({ minimum: 0 });
/** Counts of a magazine: `initial` is the sum of all others. */
export const MagazineSchema = Type.Object({
  magazine: Type.String(),
  dispenser: Type.String(),
  suspect: Type.Optional(Type.String()),
  initial: Count,
  remaining: Count,
  presented: Count,
  unknown: Count,
  delivered: Count,
  rejected: Count,
  retracted: Count,
  removed: Count,
  balanced: Type.Boolean(),
});
export const BinSchema = Type.Object({
  dispenser: Type.String(),
  held: Count,
  accepted: Count,
  emptied: Count,
  balanced: Type.Boolean(),
});

/** A journal row of the vault as it leaves the unit: hash-chained, signed by the unit at the core's door. */
export const VaultRowSchema = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  at: Type.Number(),
  /** Catalogue name, e.g. `handover.outcome`. */
  event: Type.String(),
  effect: Type.Optional(Type.String()),
  slot: Type.Optional(Type.String()),
  voucher: Type.Optional(Type.String()),
  itemHash: Type.Optional(Type.String()),
  outcome: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  operator: Type.Optional(Type.String()),
  prevHash: Type.String(),
  hash: Type.String(),
});
export type VaultRow = Static<typeof VaultRowSchema>;

export const vaultMethods = {
  status: {
    request: Nothing,
    answer: Type.Object({
      devices: Type.Array(DeviceStatusSchema),
      slots: Type.Array(SlotSchema),
      magazines: Type.Optional(Type.Array(MagazineSchema)),
      bins: Type.Optional(Type.Array(BinSchema)),
      /** Names of the interlocks that forbid motion now. */
      interlocks: Type.Array(Type.String()),
      exchange: Type.Optional(Type.String()),
      /** Whether the service switch is turned now; its `input` events tell only what changes. */
      serviceSwitch: Type.Optional(Type.Boolean()),
      /** Whether the ledger is open with its settings asserted and every open row has its outcome. */
      ready: Type.Boolean(),
    }),
  },
  /** Readings of the sensors that guard something. */
  "sensor.read": { request: Nothing, answer: SensorReadings },
  /** Verifies a voucher and opens a challenge for it. Moves nothing. */
  "collect.begin": {
    request: Type.Object({ voucher: Jws }, closed),
    answer: Type.Object({ challenge: Type.String(), slot: Type.String() }),
  },
  /**
   * Hands the item out: the voucher, with the proof that its holder is the owner, for the open challenge.
   * Answers when the motion is accepted; `handover` events follow and end with phase `done`. The same `command` again gets the stored answer.
   */
  "collect.release": {
    request: Type.Object(
      {
        command: Type.String({ minLength: 8, maxLength: 64 }),
        voucher: Jws,
        challenge: Type.String({ minLength: 22, maxLength: 64 }),
        attestation: Type.Optional(Jws),
        release: Type.Optional(Jws),
      },
      closed,
    ),
    answer: HandoverSchema,
  },
  /** What became of a command. */
  "collect.outcome": {
    request: Type.Object({ command: Type.String({ minLength: 8, maxLength: 64 }) }, closed),
    answer: Type.Object({ handover: Type.Optional(HandoverSchema) }),
  },
  /** Opens an exchange with one credential, or two of different people where items cannot be read at hand-over. */
  "exchange.begin": {
    request: Type.Object({ credentials: Type.Array(Jws, { minItems: 1, maxItems: 2 }) }, closed),
    answer: Type.Object({ exchange: Type.String(), witness: Type.Boolean() }),
  },
  /** Unlocks and lights an empty slot for an assigned item. `exchange` events follow until the door is closed. */
  "exchange.load": {
    request: Type.Object(
      {
        exchange: Type.String({ maxLength: 64 }),
        item: Type.String({ minLength: 4, maxLength: 40 }),
        assignment: Jws,
      },
      closed,
    ),
    answer: Type.Object({ slot: Type.String(), effect: Type.String() }),
  },
  /** Unlocks one slot to take its item back (`slot` loaded, presented or unknown). */
  "exchange.unload": {
    request: Type.Object(
      { exchange: Type.String({ maxLength: 64 }), slot: Type.String({ maxLength: 20 }) },
      closed,
    ),
    answer: Type.Object({ slot: Type.String(), effect: Type.String() }),
  },
  /** Staff have laid exactly these into a magazine, the first comes out first; each with its own assignment. Moves nothing. */
  "exchange.fill": {
    request: Type.Object(
      {
        exchange: Type.String({ maxLength: 64 }),
        slot: Type.String({ maxLength: 20 }),
        items: Type.Array(
          Type.Object({ item: Type.String({ minLength: 4, maxLength: 40 }), assignment: Jws }, closed),
          { maxItems: 100 },
        ),
      },
      closed,
    ),
    answer: Type.Object({ items: Type.Integer() }),
  },
  /** Staff have emptied the bin of the dispenser that this magazine belongs to. Moves nothing. */
  "exchange.emptyBin": {
    request: Type.Object(
      { exchange: Type.String({ maxLength: 64 }), slot: Type.String({ maxLength: 20 }) },
      closed,
    ),
    answer: Type.Object({ items: Type.Integer() }),
  },
  "exchange.end": {
    request: Type.Object({ exchange: Type.String({ maxLength: 64 }) }, closed),
    answer: Type.Object({ loaded: Type.Integer(), unloaded: Type.Integer() }),
  },
  /** A named operator's signed finding about a slot in state `unknown`. */
  settle: { request: Type.Object({ settlement: Jws }, closed), answer: Nothing },
  /** Journal rows after `after`, at most 100. */
  "journal.read": {
    request: Type.Object({ after: Type.Integer({ minimum: 0 }) }, closed),
    answer: Type.Object({ rows: Type.Array(VaultRowSchema) }),
  },
} as const satisfies Record<string, Method>;

export const vaultEvents = {
  status: Type.Object({ device: DeviceStatusSchema }),
  slots: Type.Object({ slots: Type.Array(SlotSchema), interlocks: Type.Array(Type.String()) }),
  handover: HandoverSchema,
  exchange: Type.Object({
    exchange: Type.String(),
    slot: Type.String(),
    effect: Type.String(),
    phase: oneOf(EXCHANGE_PHASES),
  }),
  /** A row was added; read it with `journal.read`. */
  journal: Type.Object({ seq: Type.Integer() }),
  /** A staff switch or door changed. */
  input: Type.Object({ role: Type.String(), active: Type.Boolean() }),
} as const;

export type Methods = Record<string, Method>;
export type Events = Record<string, TSchema>;
