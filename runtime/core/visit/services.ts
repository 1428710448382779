import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Static, TSchema } from "@sinclair/typebox";
import { defineErrors, defineEvents, parseJson, sha256Hex } from "../../../drivers/kit/index.ts";
import {
  type Form,
  FormSchema,
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
  /** Resolves when texts with plurals can be said too; they are not needed before a visit. */
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

/**
 * Reads the services that the configuration lists, from the active bundle. One that is broken is left out, so that the
 * unit can still be reached and mended.
 * @throws `service.broken` when the common texts cannot be read
 */
export async function loadServices(folder: string, ids: readonly string[]): Promise<ServiceBook> {
  // Most texts are plain; the formatter is loaded when the first person has come.
  let format: Awaited<ReturnType<typeof messageFormatter>> | undefined;
  const formatter = (message: string, language: Language) => {
    if (!format) throw new TypeError("a text with plurals before the formatter is loaded");
    return format(message, language);
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
        return { service, form, words: wordsIn([own, common]), textsHash };
      } catch (error) {
        log("broken", { service: id }, error);
        broken.push(id);
        return undefined;
      }
    }),
  );
  return {
    services: services.filter((loaded) => loaded !== undefined),
    broken,
    words: wordsIn([common]),
    formatterLoaded: async () => {
      format ??= await messageFormatter();
    },
  };
}
