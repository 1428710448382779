import { err, ok, type Result } from "../drivers/kit/index.ts";
import type { Form } from "./format.ts";
import { type EntryProblem, parseHkic, parsePastDate } from "./formats.ts";

/** Judges what a person typed into a field, by the form; answers the value in its one form. */
export function judgeEntry(
  form: Form,
  field: string,
  text: string,
  wallMs: number,
): Result<string, EntryProblem> {
  const rule = form.properties[field];
  if (!rule) throw new TypeError(`no field ${field}`);
  if (rule.format === "hkic") return parseHkic(text);
  if (rule.format === "past-date") return parsePastDate(text, wallMs);
  const value = text.normalize("NFC").trim();
  if (value === "") return form.required.includes(field) ? err("empty") : ok("");
  if (value.length > rule.maxLength) return err("tooLong");
  // Nothing invisible: control characters, marks of direction.
  if (/\p{C}/u.test(value)) return err("pattern");
  if (rule.minLength !== undefined && value.length < rule.minLength) return err("pattern");
  if (rule.pattern !== undefined && !new RegExp(rule.pattern, "u").test(value)) return err("pattern");
  if (rule.enum && !rule.enum.includes(value)) return err("pattern");
  return ok(value);
}
