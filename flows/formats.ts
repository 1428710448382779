import { err, ok, type Result } from "../drivers/kit/index.ts";

/** Why an entry is not taken; the texts have a sentence for each. */
export type EntryProblem =
  | "empty"
  | "tooLong"
  | "pattern"
  | "hkicForm"
  | "hkicCheck"
  | "dateForm"
  | "dateFuture";

const VALUE_OF_SPACE = 36;

/**
 * Hong Kong identity card number: one or two letters, six digits, a check character, which may stand in brackets. Full-
 * width characters, blanks and lower case are taken. The check is the sum with weights 9 to 1, letters from 10, a leading
 * blank as 36, divisible by 11; a remainder of 10 is written A. Answers the form `A123456(3)`.
 */
export function parseHkic(text: string): Result<string, EntryProblem> {
  const plain = text
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s()]/g, "");
  if (plain === "") return err("empty");
  const match = /^([A-Z]{1,2})([0-9]{6})([0-9A])$/.exec(plain);
  if (!match) return err("hkicForm");
  const [, letters, digits, check] = match as unknown as [string, string, string, string];
  const body = letters.padStart(2, " ") + digits;
  const value = (c: string) => (c === " " ? VALUE_OF_SPACE : Number.parseInt(c, 36));
  const sum = [...body].reduce((total, c, i) => total + value(c) * (9 - i), 0) + value(check);
  return sum % 11 === 0 ? ok(`${letters}${digits}(${check})`) : err("hkicCheck");
}

/** A date of the past as `YYYY-MM-DD`, also given as digits; not before 1900. */
export function parsePastDate(text: string, wallMs: number): Result<string, EntryProblem> {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text.normalize("NFKC").trim());
  if (!match) return err(text.trim() === "" ? "empty" : "dateForm");
  const [, year, month, day] = match as unknown as [string, string, string, string];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day) || Number(year) < 1900)
    return err("dateForm");
  return date.getTime() > wallMs ? err("dateFuture") : ok(`${year}-${month}-${day}`);
}
