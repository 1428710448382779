import type { Static, TSchema } from "@sinclair/typebox";
import { Ajv, type ValidateFunction } from "ajv";
import { defineErrors, type Fault } from "./errors.ts";
import { err, ok, type Result } from "./result.ts";

export const schemaFault = defineErrors("schema", {
  invalid: {
    what: "A message or document does not have the shape that its schema demands",
    todo: "Compare the named place with the schema; the sender has another version or a defect",
    remedy: "software",
    cause: "software",
  },
});

let ajv: Ajv | undefined;
const compiled = new WeakMap<TSchema, ValidateFunction>();

function validator(schema: TSchema): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) {
    ajv ??= new Ajv({ allErrors: false, strict: false });
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

/**
 * Checks `value` against a TypeBox schema. Compiled at first use and kept.
 * The fault names the place (a JSON pointer) and the rule, never the value: it may be personal.
 */
export function check<T extends TSchema>(schema: T, value: unknown, what: string): Result<Static<T>, Fault> {
  const validate = validator(schema);
  if (validate(value)) return ok(value as Static<T>);
  const first = validate.errors?.[0];
  return err(
    schemaFault("invalid", { what, at: first?.instancePath || "/", rule: first?.message ?? "unknown" }),
  );
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
