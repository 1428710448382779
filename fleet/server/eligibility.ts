import { readFileSync } from "node:fs";
import { type Static, Type } from "@sinclair/typebox";
import { parseJson } from "../../drivers/kit/index.ts";
import type { Person } from "./register.ts";

/** Service id to its rules; of the rules that have begun, the latest holds. */
const RulesSchema = Type.Record(
  Type.String({ maxLength: 40 }),
  Type.Array(
    Type.Object(
      {
        /** First day on which it holds, ISO date in the centre's zone. */
        from: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        /** CEL over `person` (`age`, `cardType`, `citizen`, `permanent`); anything but `true` means no. */
        rule: Type.String({ maxLength: 500 }),
      },
      { additionalProperties: false },
    ),
    { minItems: 1, maxItems: 20 },
  ),
);
export type EligibilityRules = Static<typeof RulesSchema>;

const ZONE = "Asia/Hong_Kong";

export function readRules(
  path: string | URL = new URL("./eligibility.json", import.meta.url),
): EligibilityRules {
  const rules = parseJson(RulesSchema, readFileSync(path, "utf8"), "eligibility rules");
  if (!rules.ok) throw rules.error;
  return rules.value;
}

/** The ISO date of an instant where the centre is. */
export const dateOf = (wallMs: number): string =>
  new Intl.DateTimeFormat("en-CA", {
    timeZone: ZONE,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).format(wallMs);

/** Full years on `today`; a birthday on 29 February comes on 1 March in other years. */
export function ageOn(dateOfBirth: string, today: string): number {
  const years = Number(today.slice(0, 4)) - Number(dateOfBirth.slice(0, 4));
  return today.slice(5) < dateOfBirth.slice(5) ? years - 1 : years;
}

/**
 * Services of `offered` for which the person is eligible today. A service without a rule that has begun, and a rule that
 * fails or gives no boolean, means not eligible.
 */
export async function eligibleServices(
  person: Person,
  offered: readonly string[],
  rules: EligibilityRules,
  wallMs: number,
): Promise<string[]> {
  const { evaluate } = await import("@marcbachmann/cel-js");
  const today = dateOf(wallMs);
  const facts = { ...person.facts, age: BigInt(ageOn(person.dateOfBirth, today)) };
  return offered.filter((service) => {
    const rule = (rules[service] ?? [])
      .filter(({ from }) => from <= today)
      .sort((a, b) => (a.from < b.from ? 1 : -1))[0];
    if (!rule) return false;
    try {
      return evaluate(rule.rule, { person: facts }) === true;
    } catch {
      return false;
    }
  });
}
