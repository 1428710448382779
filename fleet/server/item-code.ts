import { randomInt } from "node:crypto";
import { checkCharacter } from "../contract/index.ts";

/** Without letters and digits that are easily taken for each other. */
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new item code, e.g. `ITM-8F3K2Q7X`: seven random characters and a check character (ISO/IEC 7064 MOD 37,36). */
export function newItemCode(): string {
  const body = Array.from({ length: 7 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return `ITM-${body}${checkCharacter(body)}`;
}

export const isItemCode = (text: string): boolean => {
  const match = /^ITM-([0-9A-Z]{7})([0-9A-Z])$/.exec(text);
  return match !== null && checkCharacter(match[1] ?? "") === match[2];
};
