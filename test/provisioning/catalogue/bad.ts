import { FORM } from "./bad-form.ts";
import { MEANING } from "./bad-meaning.ts";
import { SIGNATURES } from "./bad-signatures.ts";

/** A bundle that nobody may take. */
export interface Bad {
  /** The attack, in words of TUF and Uptane, and the field that is wrong. */
  name: string;
  /** The bundle, made anew at each call; with others that lie beside it, it comes first. */
  make(): Buffer | [Buffer, ...Buffer[]];
  /** The reason that is told. */
  code: string;
  /** Where the schema was broken, when that is the reason. */
  at?: string;
}

export const BAD: readonly Bad[] = [...SIGNATURES, ...FORM, ...MEANING];
