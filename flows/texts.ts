import type { Texts } from "./format.ts";

export const LANGUAGES = ["en", "zh-Hant", "zh-Hans"] as const;
export type Language = (typeof LANGUAGES)[number];

export type Speak = (key: string, values?: Record<string, string | number>) => string;

/** The words of a service in one language: its own first, then the common ones. */
export interface Words {
  text: Speak;
  /** What speech says; the text where there is nothing of its own. */
  spoken: Speak;
  has(key: string): boolean;
}

type Format = (values: Record<string, string | number>) => string;

/** A message whose only arguments are names in braces; everything else is given to the formatter. */
const SIMPLE = /^[^{}'#]*(\{[a-zA-Z][a-zA-Z0-9]*\}[^{}'#]*)*$/;

export const isSimple = (message: string): boolean => SIMPLE.test(message);

/** Names of the arguments of a simple message. */
export const argumentsOf = (message: string): string[] =>
  [...message.matchAll(/\{([a-zA-Z0-9]+)\}/g)].map(([, name]) => name ?? "");

/** Loads the formatter for messages with plurals and the like; most texts need none. */
export async function messageFormatter(): Promise<(message: string, language: Language) => Format> {
  const { IntlMessageFormat } = await import("intl-messageformat");
  const locales: Record<Language, string> = { en: "en-HK", "zh-Hant": "zh-Hant-HK", "zh-Hans": "zh-Hans-CN" };
  return (message, language) => {
    const format = new IntlMessageFormat(message, locales[language]);
    return (values) => String(format.format(values));
  };
}

/**
 * @param layers texts by key, the first that has one wins
 * @param format from `messageFormatter`
 */
export function wordsOf(
  layers: readonly Texts[],
  language: Language,
  format: (message: string, language: Language) => Format,
): Words {
  const made = new Map<string, Format>();
  const find = (key: string) => layers.find((layer) => Object.hasOwn(layer, key))?.[key];
  const say = (message: string, values: Record<string, string | number>): string => {
    if (isSimple(message))
      return message.replace(/\{([a-zA-Z0-9]+)\}/g, (all, name: string) => String(values[name] ?? all));
    let own = made.get(message);
    if (!own) {
      own = format(message, language);
      made.set(message, own);
    }
    return own(values);
  };
  return {
    has: (key) => find(key) !== undefined,
    text: (key, values = {}) => {
      const entry = find(key);
      return entry === undefined ? key : say(typeof entry === "string" ? entry : entry.text, values);
    },
    spoken: (key, values = {}) => {
      const entry = find(key);
      return entry === undefined ? "" : say(typeof entry === "string" ? entry : entry.spoken, values);
    },
  };
}
