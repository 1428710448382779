import { check } from "../drivers/kit/index.ts";
import {
  type Form,
  FormSchema,
  type Service,
  ServiceSchema,
  type Step,
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

export interface CheckedService {
  service: Service;
  form: Form;
  texts: Record<Language, Texts>;
}

/** Keys that a step of each kind needs beside its own title. */
function textsOfStep(step: Step): string[] {
  const own = [`${step.id}.title`];
  switch (step.kind) {
    case "notice":
      return [
        ...own,
        ...Array.from({ length: step.paragraphs }, (_, i) => `${step.id}.${i + 1}`),
        `${step.id}.accept`,
        `${step.id}.decline`,
      ];
    case "choose":
      return [...own, ...step.options.map((option) => `${step.id}.${option.id}`)];
    case "entry":
      return [...own, `field.${step.field}`];
    case "review":
      return [...own, ...step.fields.map((field) => `field.${field}`)];
    case "message":
      return [...own, `${step.id}.body`];
    default:
      return own;
  }
}

const asks = (step: Step): string | undefined =>
  step.kind === "entry" || step.kind === "choose" ? step.field : undefined;

/**
 * Checks a service before it is published: shapes, fields, conditions, texts in every language. Answers everything that is
 * wrong, with file, place and remedy; nothing when it may be published.
 * @param parses throws for a condition that is none
 * @param common the common texts
 */
export function checkService(
  source: ServiceSource,
  common: Record<Language, Texts>,
  parses: (condition: string) => unknown,
): { problems: Problem[]; checked?: CheckedService } {
  const problems: Problem[] = [];
  const found = (file: string, at: string, problem: string, todo: string) =>
    problems.push({ file: `${source.id}/${file}`, at, problem, todo });
  const service = check(ServiceSchema, source.service, "service.json");
  if (!service.ok)
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
  const { steps, id } = service.value;
  if (id !== source.id) found("service.json", "/id", `is ${id}`, "Name the service as its folder");

  const ids = new Set<string>();
  steps.forEach((step, i) => {
    const at = `/steps/${i}`;
    if (ids.has(step.id))
      found("service.json", at, `a second step ${step.id}`, "Give each step an id of its own");
    ids.add(step.id);
    const field = asks(step);
    const rule = field === undefined ? undefined : form.value.properties[field];
    if (field !== undefined && !rule)
      found("service.json", `${at}/field`, `the form has no field ${field}`, "Add it to form.schema.json");
    if (step.kind === "choose" && rule) {
      for (const option of step.options) {
        if (rule.enum && !rule.enum.includes(option.id))
          found(
            "service.json",
            `${at}/options`,
            `${option.id} is not in the form's enum`,
            "Add it there, or take it away here",
          );
      }
    }
    const conditions = [
      step.when,
      ...(step.kind === "choose" ? step.options.map((option) => option.when) : []),
    ];
    for (const condition of conditions) {
      if (condition === undefined) continue;
      try {
        parses(condition);
      } catch (error) {
        found(
          "service.json",
          `${at}/when`,
          (error as Error).message.split("\n")[0] ?? "",
          "Write a CEL expression over answers",
        );
      }
      for (const [, name] of condition.matchAll(/answers\.([a-zA-Z0-9]+)/g)) {
        if (name && !form.value.properties[name] && !KNOWN_ANSWERS.has(name))
          found("service.json", `${at}/when`, `nothing answers ${name}`, "Name a field of the form");
      }
    }
    if (step.kind === "review") {
      for (const name of step.fields)
        if (!form.value.properties[name])
          found(
            "service.json",
            `${at}/fields`,
            `the form has no field ${name}`,
            "Add it to form.schema.json",
          );
    }
  });
  if (steps.every((step) => step.when))
    found(
      "service.json",
      "/steps",
      "no step is always taken",
      "Let the first or the last step have no condition",
    );
  const asked = new Set(steps.map(asks));
  for (const field of form.value.required) {
    if (!asked.has(field))
      found(
        "form.schema.json",
        `/required/${field}`,
        "no step asks for it",
        "Add an entry step, or do not require it",
      );
  }
  if (service.value.submits && !steps.some((step) => step.kind === "submit"))
    found("service.json", "/submits", "no step submits", "Add a submit step");

  const needed = new Set(["service.title", "service.detail", ...steps.flatMap(textsOfStep)]);
  for (const language of LANGUAGES) {
    for (const key of needed) {
      if (!Object.hasOwn(texts[language], key) && !Object.hasOwn(common[language], key)) {
        found(`texts.${language}.json`, key, "is missing", "Write the text in this language");
      }
    }
  }
  return problems.length > 0
    ? { problems }
    : { problems, checked: { service: service.value, form: form.value, texts } };
}

/** Answers that the steps themselves give, beside the form's. */
const KNOWN_ANSWERS = new Set(["way", "eligible", "decision"]);
