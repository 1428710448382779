import { readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { parseJson } from "../../drivers/kit/index.ts";

/** What the centre knows of a person. A department puts its own register behind the port below. */
const PersonSchema = Type.Object({
  /** Identity card number with its check character. */
  number: Type.String({ minLength: 4, maxLength: 20 }),
  dateOfBirth: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
  nameEn: Type.String({ maxLength: 200 }),
  nameZh: Type.String({ maxLength: 100 }),
  sex: Type.String({ maxLength: 1 }),
  facts: Type.Object({
    cardType: Type.String({ maxLength: 40 }),
    citizen: Type.Boolean(),
    permanent: Type.Boolean(),
  }),
  /** By finger position, ISO/IEC 19794-2; `data` is base64. */
  templates: Type.Record(
    Type.String({ pattern: "^([1-9]|10)$" }),
    Type.Object({ format: Type.String({ maxLength: 32 }), data: Type.String({ maxLength: 16_384 }) }),
  ),
});
export type Person = Static<typeof PersonSchema>;

/** The port to a department's register. */
export interface Register {
  /** The person with this identity card number; brackets, spaces and case do not matter. */
  find(number: string): Promise<Person | undefined>;
}

/** The port to a matcher. */
export interface Matcher {
  /** How alike two templates of one format are, 0 to 100; undefined when the matcher does not know the format. */
  score(format: string, probe: Uint8Array, enrolled: Uint8Array): number | undefined;
}

/** A number as it is compared: capitals and digits only. */
export const plainNumber = (number: string): string => number.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");

const FileSchema = Type.Array(PersonSchema, { maxItems: 100_000 });

/**
 * Imports a register from a JSON file, as a department would from its own system. Throws when the file is not one.
 * The people live in memory only.
 */
export function importRegister(path: string): Register {
  const file = parseJson(FileSchema, readFileSync(path, "utf8"), "register");
  if (!file.ok) throw file.error;
  const people = new Map(file.value.map((person) => [plainNumber(person.number), person]));
  return { find: async (number) => people.get(plainNumber(number)) };
}

/** For a centre without a register: knows nobody. */
export const emptyRegister: Register = { find: async () => undefined };
