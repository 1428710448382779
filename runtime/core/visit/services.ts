import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Static, TSchema } from "@sinclair/typebox";
import { defineErrors, defineEvents, parseJson, sha256Hex } from "../../../drivers/kit/index.ts";
import {
  type Form,
  FormSchema,
  isSimple,
  LANGUAGES,
  type Language,
  messageFormatter,
  type Service,
  ServiceSchema,
  type Texts,
  TextsSchema,
  type Words,
  wordsOf,
} from "../../../flows/index.ts";

const serviceFault = defineErrors("service", {
  broken: {
    what: "A service of the configuration cannot be read",
    todo: "Publish the bundle anew; the publish check names the place",
    remedy: "configuration",
    cause: "software",
  },
});

const log = defineEvents("service", {
  broken: {
    level: "error",
    what: "A service cannot be read and is not offered; the others are",
    fields: ["service"],
  },
});

export interface LoadedService {
  service: Service;
  form: Form;
  words: Record<Language, Words>;
  /** SHA-256 over every text of the service in every language, first 16 hex. */
  textsHash: string;
}

export interface ServiceBook {
  services: LoadedService[];
  /** Ids of services that could not be read. */
  broken: string[];
  /** The common words, for screens before a service is chosen. */
  words: Record<Language, Words>;
  /** Resolves when texts with plurals can be said too; those that are shown before a visit can be said at once. */
  formatterLoaded(): Promise<void>;
}

/** Reads and checks one file of a bundle. Throws `service.broken`. */
async function read<T extends TSchema>(
  schema: T,
  folder: string,
  id: string,
  file: string,
): Promise<Static<T>> {
  const text = await readFile(join(folder, id, file), "utf8").catch(() => undefined);
  if (text === undefined) throw serviceFault("broken", { service: id, file });
  const value = parseJson(schema, text, file);
  if (!value.ok) throw serviceFault("broken", { service: id, file, ...value.error.fields });
  return value.value;
}

async function readTexts(folder: string, id: string): Promise<Record<Language, Texts>> {
  const all = await Promise.all(
    LANGUAGES.map((language) => read(TextsSchema, folder, id, `texts.${language}.json`)),
  );
  return Object.fromEntries(LANGUAGES.map((language, i) => [language, all[i]])) as Record<Language, Texts>;
}

/** Keys of the common texts that are shown before a visit, and of a service's own. */
const AT_REST = { common: /^(attract|pick|missing|idle|help|ui|service)\./, own: /^service\./ };

/** Keys that are shown before a visit and hold what only the formatter can say. */
const formattedAtRest = (texts: Record<Language, Texts>, keys: RegExp): string[] =>
  LANGUAGES.flatMap((language) =>
    Object.entries(texts[language])
      .filter(([key, text]) => keys.test(key) && !partsOf(text).every(isSimple))
      .map(([key]) => key),
  );

const partsOf = (text: Texts[string]): string[] =>
  typeof text === "string" ? [text] : [text.text, text.spoken];

/** Says each of these once: a text that cannot be said must be found now, not when the screen is drawn. */
function trySaying(keys: readonly string[], words: Record<Language, Words>): void {
  for (const key of keys)
    for (const language of LANGUAGES)
      for (const say of [words[language].text, words[language].spoken]) say(key, { date: "", time: "" });
}

/**
 * Reads the services that the configuration lists, from the active bundle. One that is broken is left out, so that the
 * unit can still be reached and mended.
 * @throws `service.broken` when the common texts cannot be read or said
 */
export async function loadServices(folder: string, ids: readonly string[]): Promise<ServiceBook> {
  // Most texts are plain; the formatter is loaded when the first person has come, or a text at rest needs it.
  let format: Awaited<ReturnType<typeof messageFormatter>> | undefined;
  const formatter = (message: string, language: Language) => {
    if (!format) throw new TypeError("a text with plurals before the formatter is loaded");
    return format(message, language);
  };
  const formatterLoaded = async (): Promise<void> => {
    format ??= await messageFormatter();
  };
  const common = await readTexts(folder, "common");
  const wordsIn = (layers: Record<Language, Texts>[]): Record<Language, Words> =>
    Object.fromEntries(
      LANGUAGES.map((language) => [
        language,
        wordsOf(
          layers.map((layer) => layer[language]),
          language,
          formatter,
        ),
      ]),
    ) as Record<Language, Words>;
  const broken: string[] = [];
  const services = await Promise.all(
    ids.map(async (id): Promise<LoadedService | undefined> => {
      try {
        const [service, form, own] = await Promise.all([
          read(ServiceSchema, folder, id, "service.json"),
          read(FormSchema, folder, id, "form.schema.json"),
          readTexts(folder, id),
        ]);
        const textsHash = sha256Hex(JSON.stringify([own, common])).slice(0, 16);
        const words = wordsIn([own, common]);
        const formatted = formattedAtRest(own, AT_REST.own);
        if (formatted.length > 0) await formatterLoaded();
        trySaying(formatted, words);
        return { service, form, words, textsHash };
      } catch (error) {
        log("broken", { service: id }, error);
        broken.push(id);
        return undefined;
      }
    }),
  );
  const words = wordsIn([common]);
  const formatted = formattedAtRest(common, AT_REST.common);
  if (formatted.length > 0) await formatterLoaded();
  try {
    trySaying(formatted, words);
  } catch (error) {
    throw serviceFault("broken", { service: "common" }, error);
  }
  return {
    services: services.filter((loaded) => loaded !== undefined),
    broken,
    words,
    formatterLoaded,
  };
}
