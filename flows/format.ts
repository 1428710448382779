import { type Static, Type } from "@sinclair/typebox";
import { GRADES } from "../drivers/contract/index.ts";

/**
 * The service document: what a person can do, as data. Steps stand in the order in which they are taken; a step whose
 * `when` is false is passed over. Texts are named by the step: `<step>.title`, `<step>.body`, …
 */
const closed = { additionalProperties: false };
const Id = Type.String({ pattern: "^[a-z][a-zA-Z0-9-]{1,30}$" });
const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values] });
/** A condition in CEL over `answers`; it fails closed: what cannot be evaluated is false. */
const Condition = Type.String({ minLength: 1, maxLength: 300 });
const Field = Type.String({ pattern: "^[a-z][a-zA-Z0-9]{0,30}$" });
const common = {
  id: Id,
  when: Type.Optional(Condition),
  /** Time without a touch after which the unit asks whether somebody is there, s; the unit's own when absent. */
  idleS: Type.Optional(Type.Integer({ minimum: 15, maximum: 600 })),
  /** No way back from here: what came before is done. */
  final: Type.Optional(Type.Boolean()),
};

const KEYBOARDS = ["latin", "digits", "email", "hkic", "date"] as const;

const step = <K extends string, P extends Record<string, import("@sinclair/typebox").TSchema>>(
  kind: K,
  own: P,
) => Type.Object({ ...common, kind: Type.Literal(kind), ...own }, closed);

const StepSchema = Type.Union([
  /** A text to read and accept; `paragraphs` of it, `<step>.1` and so on. */
  step("notice", { paragraphs: Type.Integer({ minimum: 1, maximum: 8 }) }),
  step("choose", {
    field: Field,
    options: Type.Array(
      Type.Object(
        { id: Id, picture: Type.Optional(Type.String({ maxLength: 20 })), when: Type.Optional(Condition) },
        closed,
      ),
      { minItems: 2, maxItems: 8 },
    ),
  }),
  step("entry", { field: Field, keyboard: oneOf(KEYBOARDS), optional: Type.Optional(Type.Boolean()) }),
  /** One finger and a question to the centre, with its deadline and the answer that holds when nobody answers. */
  step("identify", {
    position: Type.Integer({ minimum: 1, maximum: 10 }),
    minQuality: Type.Integer({ minimum: 0, maximum: 100 }),
    attempts: Type.Integer({ minimum: 1, maximum: 5 }),
    deadlineMs: Type.Integer({ minimum: 1_000, maximum: 60_000 }),
    offline: oneOf(["officer", "refuse"]),
  }),
  step("fingers", {
    positions: Type.Array(Type.Integer({ minimum: 1, maximum: 10 }), {
      minItems: 1,
      maxItems: 10,
      uniqueItems: true,
    }),
    minQuality: Type.Integer({ minimum: 0, maximum: 100 }),
    attempts: Type.Integer({ minimum: 1, maximum: 5 }),
  }),
  step("photo", { profile: oneOf(["hkic", "passport"]), attempts: Type.Integer({ minimum: 1, maximum: 9 }) }),
  step("review", { fields: Type.Array(Field, { minItems: 1, maxItems: 30 }) }),
  step("sign", {}),
  step("submit", {}),
  /** `print`: where there is a printer, whether a press is asked for; what it prints is on the screen too. */
  step("receipt", { print: Type.Optional(oneOf(["offer", "always"])) }),
  /** Reads the receipt's code and finds what is ready; or goes on without it, by reference number. */
  step("findCollection", {}),
  step("handover", { attempts: Type.Integer({ minimum: 1, maximum: 5 }) }),
  step("credentials", {}),
  step("load", {}),
  /** Staff choose slots and take out what lies there. */
  step("unload", {}),
  step("message", { face: oneOf(["succeeded", "cannot", "again"]) }),
]);
export type Step = Static<typeof StepSchema>;
export type StepKind = Step["kind"];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** The shape of each kind of step. */
export const STEP_KINDS: ReadonlyMap<string, import("@sinclair/typebox").TSchema> = new Map(
  StepSchema.anyOf.map((own) => [own.properties.kind.const, own]),
);

export const ServiceSchema = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    version: Type.String({ pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+$" }),
    role: oneOf(["submission", "collection"]),
    /** Only for staff: offered while the service switch is on, whatever the hours. */
    staff: Type.Optional(Type.Boolean()),
    picture: Type.String({ maxLength: 20 }),
    needs: Type.Array(
      Type.Object({ role: Type.String({ maxLength: 40 }), grade: Type.Optional(oneOf(GRADES)) }, closed),
      { maxItems: 10 },
    ),
    /**
     * Fees and the like that texts name (`{fee32}`), each set from a date on, the oldest first; the last that has come
     * holds.
     */
    facts: Type.Optional(
      Type.Array(
        Type.Object(
          {
            from: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
            values: Type.Record(
              Type.String({ pattern: "^[a-z][a-zA-Z0-9]{0,30}$" }),
              Type.Union([Type.Number(), Type.String({ maxLength: 60 })]),
            ),
          },
          closed,
        ),
        { minItems: 1, maxItems: 50 },
      ),
    ),
    /** The applications that a submission of this service makes. */
    submits: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 5 })),
    steps: Type.Array(StepSchema, { minItems: 1, maxItems: 60 }),
  },
  closed,
);
export type Service = Static<typeof ServiceSchema>;

/** The facts that hold on a day (`YYYY-MM-DD` in the unit's zone). */
export function factsOn(service: Service, day: string): Readonly<Record<string, string | number>> {
  return service.facts?.findLast(({ from }) => from <= day)?.values ?? {};
}

/** A text, or a text with the words that speech uses instead. Texts are ICU MessageFormat. */
const TextSchema = Type.Union([
  Type.String({ maxLength: 1_500 }),
  Type.Object({ text: Type.String({ maxLength: 1_500 }), spoken: Type.String({ maxLength: 1_500 }) }, closed),
]);
export const TextsSchema = Type.Record(Type.String({ pattern: "^[a-zA-Z0-9.-]{1,80}$" }), TextSchema);
export type Texts = Static<typeof TextsSchema>;

/** The form of a service: a JSON Schema of an object whose properties are the fields that steps ask for. */
export const FormSchema = Type.Object(
  {
    type: Type.Literal("object"),
    properties: Type.Record(
      Field,
      Type.Object(
        {
          type: Type.Literal("string"),
          minLength: Type.Optional(Type.Integer({ minimum: 0 })),
          maxLength: Type.Integer({ minimum: 1, maximum: 120 }),
          pattern: Type.Optional(Type.String({ maxLength: 200 })),
          enum: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { minItems: 1 })),
          /** A check of the kit: see formats.ts. */
          format: Type.Optional(oneOf(["hkic", "past-date"])),
          /** Name of the centre's pre-fill. */
          prefill: Type.Optional(Type.String({ maxLength: 40 })),
          /** What an empty field shows. */
          example: Type.Optional(Type.String({ maxLength: 60 })),
        },
        closed,
      ),
    ),
    required: Type.Array(Field),
  },
  closed,
);
export type Form = Static<typeof FormSchema>;
