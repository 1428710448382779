import { type OutputUnit, Validator } from "@cfworker/json-schema";
import type { Static, TSchema } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import { defineErrors, type Fault } from "./errors.ts";
import { hasOwnKeywordsOnly } from "./own-keywords.ts";
import { err, ok, type Result } from "./result.ts";

export const schemaFault = defineErrors("schema", {
  invalid: {
    what: "A message or document does not have the shape that its schema demands",
    todo: "Compare the named place with the schema; the sender has another version or a defect",
    remedy: "software",
    cause: "software",
  },
});

const validators = new WeakMap<TSchema, Validator>();

function validatorOf(schema: TSchema): Validator {
  let validator = validators.get(schema);
  if (!validator) {
    validator = new Validator(schema, "2020-12", true);
    validators.set(schema, validator);
  }
  return validator;
}

/**
 * The most telling of several errors: the deepest place. Of the branches of a union, the one whose name matched went on
 * to something else than that name. A property too many is told by its owner, for its name is the sender's.
 */
function mostTelling(errors: readonly OutputUnit[]): OutputUnit | undefined {
  const rank = ({ instanceLocation, keyword }: OutputUnit) =>
    2 * instanceLocation.split("/").length + (keyword === "const" ? 0 : 1);
  return errors
    .filter(({ keyword }) => keyword !== "false")
    .reduce<OutputUnit | undefined>(
      (best, one) => (!best || rank(one) >= rank(best) ? one : best),
      undefined,
    );
}

/**
 * Checks `value`, as it came out of `JSON.parse`, against a TypeBox schema. Interpreted, not compiled: a unit starts
 * sooner and smaller than it would with a compiler of schemas. What TypeBox's own check, the faster one, can judge it
 * judges; all else, and what it refuses, goes to the validator, which knows the whole of JSON Schema and the place.
 * The fault names the place (a JSON pointer) and the rule, never the value: it may be personal.
 */
export function check<T extends TSchema>(schema: T, value: unknown, what: string): Result<Static<T>, Fault> {
  // What JSON cannot say is said by nobody: a body that is missing altogether.
  if (value === undefined) return err(schemaFault("invalid", { what, at: "/", rule: "required" }));
  if (hasOwnKeywordsOnly(schema) && Check(schema, value)) return ok(value as Static<T>);
  const { valid, errors } = validatorOf(schema).validate(value);
  if (valid) return ok(value as Static<T>);
  const worst = mostTelling(errors);
  const at = worst?.instanceLocation.slice(1) || "/";
  return err(schemaFault("invalid", { what, at, rule: worst?.keyword ?? "unknown" }));
}

/** Parses JSON text and checks it; anything wrong comes back as a fault, nothing throws. */
export function parseJson<T extends TSchema>(
  schema: T,
  text: string,
  what: string,
): Result<Static<T>, Fault> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(schemaFault("invalid", { what, at: "/", rule: "must be JSON" }));
  }
  return check(schema, value, what);
}
