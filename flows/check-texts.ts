import type { Found } from "./check.ts";
import type { Service, Step, Texts } from "./format.ts";
import { argumentsOf, isSimple, LANGUAGES, type Language } from "./texts.ts";

/** Arguments that the runtime gives to texts, beside the facts of a service. */
const GIVEN = ["finger", "slot", "loaded", "unloaded", "date", "time", "index", "count", "part"];

/** Keys that a step of each kind needs. */
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
    case "review":
      return step.fields.map((field) => `field.${field}`);
    case "message":
      return [...own, `${step.id}.body`];
    case "findCollection":
      // What is typed without the receipt, whatever the step is called.
      return [...own, "find.reference", "find.referenceHint", "find.wrongReference"];
    case "receipt":
    case "sign":
    case "submit":
      // These have one common text each, whatever the step is called.
      return [];
    default:
      return own;
  }
}

const parts = (text: Texts[string] | undefined): string[] =>
  text === undefined ? [] : typeof text === "string" ? [text] : [text.text, text.spoken];
const speaks = (text: Texts[string] | undefined): boolean => typeof text === "object";

/** Every text that the service shows exists in every language, is well formed, and is spoken in all or in none. */
export function checkTexts(
  service: Service,
  texts: Record<Language, Texts>,
  common: Record<Language, Texts>,
  formats: ((message: string, language: Language) => unknown) | undefined,
  found: Found,
): void {
  const facts = Object.keys(service.facts?.[0]?.values ?? {});
  const given = new Set([...GIVEN, ...facts]);
  const needed = new Set(["service.title", "service.detail", ...service.steps.flatMap(textsOfStep)]);
  const own = new Set(LANGUAGES.flatMap((language) => Object.keys(texts[language])));
  for (const language of LANGUAGES) {
    const file = `texts.${language}.json`;
    for (const key of new Set([...needed, ...own])) {
      const text = texts[language][key] ?? common[language][key];
      if (text === undefined) found(file, key, "is missing", "Write the text in this language");
      else if (parts(text).some((part) => part.trim() === ""))
        found(file, key, "is empty", "Write the text in this language");
    }
    for (const key of own) {
      const text = texts[language][key];
      if (text && !speaks(text) && LANGUAGES.some((other) => speaks(texts[other][key])))
        found(file, key, "has no spoken form, as it has in another language", "Write what speech says");
      for (const part of parts(text)) checkMessage(part, file, key, language);
    }
  }

  function checkMessage(message: string, file: string, key: string, language: Language): void {
    if (isSimple(message)) {
      for (const name of argumentsOf(message))
        if (!given.has(name))
          found(file, key, `nothing gives {${name}}`, "Name a fact of the service, or take it away");
      return;
    }
    try {
      formats?.(message, language);
    } catch {
      found(file, key, "is no ICU message", "Close every brace and name every argument");
    }
  }
}
