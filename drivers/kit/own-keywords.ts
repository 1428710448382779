import { Kind, type TSchema, TypeRegistry } from "@sinclair/typebox";

/**
 * Keywords that TypeBox's own check reads of each kind. It passes over every other one without a word: a lock's
 * `anyOf` beside its properties, for example, which is where its protection is demanded.
 */
const KEYWORDS: Record<string, readonly string[]> = {
  Object: ["type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"],
  Record: ["type", "patternProperties", "additionalProperties", "minProperties", "maxProperties"],
  Array: ["type", "items", "minItems", "maxItems", "uniqueItems"],
  Tuple: ["type", "items", "additionalItems", "minItems", "maxItems"],
  Union: ["anyOf"],
  Literal: ["type", "const"],
  String: ["type", "minLength", "maxLength", "pattern"],
  Integer: ["type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  Number: ["type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  Boolean: ["type"],
  Null: ["type"],
  Unknown: [],
  Unsafe: ["type", "enum"],
};
const NOTES: readonly string[] = ["title", "description", "default", "examples"];

/** An enumeration is of no kind that TypeBox knows. */
TypeRegistry.Set<{ enum: readonly unknown[] }>("Unsafe", (schema, value) => schema.enum.includes(value));

/** The pattern of a record whose keys may be anything. */
const ANY_KEY = "^(.*)$";

/** Whether a character beyond U+FFFF, two code units, may match otherwise when a pattern is read without the flag `u`. */
const readsCodeUnits = (pattern: string): boolean =>
  /\\[SDWBpPu]/.test(pattern) || /\[\^|(?<!\\)\./.test(pattern.replaceAll(/\[(?!\^)(\\.|[^\]\\])*\]/g, ""));

const known = new WeakMap<TSchema, boolean>();

/**
 * Whether TypeBox's check says of every value what JSON Schema says: each node has only keywords that the check reads,
 * and reads in the same way. Kept by schema.
 */
export function hasOwnKeywordsOnly(schema: TSchema): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    answer = sameReading(schema) && partsOf(schema).every(hasOwnKeywordsOnly);
    known.set(schema, answer);
  }
  return answer;
}

function sameReading(schema: TSchema): boolean {
  const keywords = KEYWORDS[schema[Kind]];
  if (!keywords) return false;
  if (!Object.keys(schema).every((key) => keywords.includes(key) || NOTES.includes(key))) return false;
  const { minLength, pattern, patternProperties } = schema;
  if (pattern !== undefined && readsCodeUnits(pattern)) return false;
  // Lengths are code units here and characters there; they are the same where a pattern leaves no other characters.
  if (minLength > 1 && !/^\^[\x20-\x7e]+\$$/.test(pattern)) return false;
  if (schema[Kind] === "Unsafe") return schema.enum?.every(isText) || schema.enum?.every(Number.isFinite);
  return !patternProperties || Object.keys(patternProperties).every(isTheOnly);
}

const isText = (value: unknown): boolean => typeof value === "string";

/** Of the patterns of a record the check reads the first. */
const isTheOnly = (pattern: string, _: number, all: readonly string[]): boolean =>
  all.length === 1 && (pattern === ANY_KEY || !readsCodeUnits(pattern));

const partsOf = (schema: TSchema): TSchema[] => [
  ...Object.values<TSchema>(schema.properties ?? {}),
  ...Object.values<TSchema>(schema.patternProperties ?? {}),
  ...(schema.anyOf ?? []),
  ...[schema.items ?? [], schema.additionalProperties].flat().filter((part) => typeof part === "object"),
];
