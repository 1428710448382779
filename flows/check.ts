import { check } from "../drivers/kit/index.ts";
import { checkSteps } from "./check-steps.ts";
import { checkTexts } from "./check-texts.ts";
import type { Condition } from "./conditions.ts";
import {
  type Form,
  FormSchema,
  type Service,
  ServiceSchema,
  STEP_KINDS,
  type Texts,
  TextsSchema,
} from "./format.ts";
import { LANGUAGES, type Language } from "./texts.ts";

/** A service as it stands in its folder, unchecked. */
export interface ServiceSource {
  id: string;
  service: unknown;
  form: unknown;
  texts: Record<Language, unknown>;
}

export interface Problem {
  file: string;
  at: string;
  problem: string;
  todo: string;
}

/** Notes a problem of one file of the service. */
export type Found = (file: string, at: string, problem: string, todo: string) => void;

export interface CheckedService {
  service: Service;
  form: Form;
  texts: Record<Language, Texts>;
}

/**
 * Checks a service before it is published: shapes, fields, conditions, order, device needs, texts in every language.
 * Answers everything that is wrong, with file, place and remedy; nothing when it may be published.
 * @param common the common texts
 * @param parses throws for a condition that is none
 * @param formats throws for a text that is no ICU message; texts with plurals are not checked without it
 */
export function checkService(
  source: ServiceSource,
  common: Record<Language, Texts>,
  parses: (condition: string) => Condition,
  formats?: (message: string, language: Language) => unknown,
): { problems: Problem[]; checked?: CheckedService } {
  const problems: Problem[] = [];
  const found: Found = (file, at, problem, todo) =>
    problems.push({ file: `${source.id}/${file}`, at, problem, todo });
  const service = check(ServiceSchema, source.service, "service.json");
  if (!service.ok && !nameStep(source.service, found))
    found(
      "service.json",
      String(service.error.fields.at),
      String(service.error.fields.rule),
      "Correct the named place; the format is in flows/format.ts",
    );
  const form = check(FormSchema, source.form, "form.schema.json");
  if (!form.ok)
    found(
      "form.schema.json",
      String(form.error.fields.at),
      String(form.error.fields.rule),
      "Correct the named place of the form",
    );
  const texts = {} as Record<Language, Texts>;
  for (const language of LANGUAGES) {
    const checked = check(TextsSchema, source.texts[language], "texts");
    if (checked.ok) texts[language] = checked.value;
    else
      found(
        `texts.${language}.json`,
        String(checked.error.fields.at),
        String(checked.error.fields.rule),
        "Texts are strings, or objects of text and spoken",
      );
  }
  if (!service.ok || !form.ok || problems.length > 0) return { problems };
  if (service.value.id !== source.id)
    found("service.json", "/id", `is ${service.value.id}`, "Name the service as its folder");
  checkForm(form.value, found);
  checkFacts(service.value, found);
  checkSteps(service.value, form.value, parses, found);
  checkTexts(service.value, texts, common, formats, found);
  if (problems.length > 0) return { problems };
  return { problems, checked: { service: service.value, form: form.value, texts } };
}

/** Finds the step that the schema refused and says what is wrong with it; a union alone would only say that nothing fits. */
function nameStep(service: unknown, found: Found): boolean {
  const steps = (service as { steps?: unknown } | null)?.steps;
  if (!Array.isArray(steps)) return false;
  let named = false;
  steps.forEach((step: unknown, i) => {
    const kind = String((step as { kind?: unknown } | null)?.kind);
    const schema = STEP_KINDS.get(kind);
    const checked = schema && check(schema, step, kind);
    if (checked?.ok) return;
    named = true;
    if (!checked)
      found(
        "service.json",
        `/steps/${i}/kind`,
        `there is no kind of step ${kind}`,
        `Use one of ${[...STEP_KINDS.keys()].join(", ")}`,
      );
    else
      found(
        "service.json",
        `/steps/${i}${checked.error.fields.at === "/" ? "" : checked.error.fields.at}`,
        String(checked.error.fields.rule),
        `Correct the step; the format of ${kind} is in flows/format.ts`,
      );
  });
  return named;
}

function checkForm(form: Form, found: Found): void {
  for (const [field, rule] of Object.entries(form.properties)) {
    try {
      if (rule.pattern !== undefined) new RegExp(rule.pattern, "u");
    } catch {
      found(
        "form.schema.json",
        `/properties/${field}/pattern`,
        "is no regular expression",
        "Correct it; it is read with the u flag",
      );
    }
  }
}

/** Facts rise in date and name the same things each time, so that a text never loses one. */
function checkFacts(service: Service, found: Found): void {
  const names = (values: object): string => Object.keys(values).sort().join(" ");
  service.facts?.forEach((facts, i, all) => {
    const before = all[i - 1];
    if (!before) return;
    if (before.from >= facts.from)
      found("service.json", `/facts/${i}/from`, "is not later than the one before", "Sort facts by date");
    if (names(before.values) !== names(facts.values))
      found(
        "service.json",
        `/facts/${i}/values`,
        "does not name the same facts as before",
        "Name all of them",
      );
  });
}
