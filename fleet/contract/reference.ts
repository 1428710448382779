import { defineErrors, err, ok, type Result, sha256Hex } from "../../drivers/kit/index.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export const referenceFault = defineErrors("reference", {
  malformed: {
    what: "This is not a reference number of ours",
    todo: "Check it against the receipt",
    remedy: "tryAgain",
    cause: "user",
  },
  checkCharacter: {
    what: "The reference number has a mistake in it",
    todo: "Check it against the receipt, letter by letter",
    remedy: "tryAgain",
    cause: "user",
  },
});

/** Check character by ISO/IEC 7064 MOD 37,36 over letters and digits (clause 9). */
export function checkCharacter(text: string): string {
  let p = 36;
  for (const c of text) {
    const value = ALPHABET.indexOf(c);
    if (value < 0) throw new RangeError("letters A-Z and digits only");
    let s = (p + value) % 36;
    if (s === 0) s = 36;
    p = (s * 2) % 37;
  }
  return ALPHABET[(37 - p) % 36] as string;
}

/**
 * A reference number: unit code, counter and check character, e.g. `KT01-000042-7`. It is made on the unit, without
 * the centre, and says nothing about the person.
 * @param code 2 to 6 letters or digits that are the unit's own
 * @param counter 1 to 999999
 */
export function makeReference(code: string, counter: number): string {
  if (!/^[A-Z0-9]{2,6}$/.test(code) || !Number.isInteger(counter) || counter < 1 || counter > 999_999)
    throw new RangeError("reference");
  const digits = String(counter).padStart(6, "0");
  return `${code}-${digits}-${checkCharacter(code + digits)}`;
}

export function parseReference(text: string): Result<{ reference: string; code: string; counter: number }> {
  const match = /^([A-Z0-9]{2,6})-?(\d{6})-?([A-Z0-9])$/.exec(text.trim().toUpperCase());
  if (!match) return err(referenceFault("malformed"));
  const [, code, digits, given] = match as unknown as [string, string, string, string];
  if (checkCharacter(code + digits) !== given) return err(referenceFault("checkCharacter"));
  return ok({ reference: `${code}-${digits}-${given}`, code, counter: Number(digits) });
}

/** Short form of an item's code for journals and the link: first 16 hex of its SHA-256. The code itself is on the item only. */
export const itemHashOf = (code: string): string => sha256Hex(code).slice(0, 16);
