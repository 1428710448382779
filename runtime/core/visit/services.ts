import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { check, defineErrors, type Fault } from "../../../drivers/kit/index.ts";
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

export const serviceFault = defineErrors("service", {
  broken: {
    what: "A service of the configuration cannot be read",
    todo: "Publish the bundle anew; the publish check names the place",
    remedy: "configuration",
    cause: "software",
  },
});

export interface LoadedService {
  service: Service;
  form: Form;
  words: Record<Language, Words>;
}

export interface ServiceBook {
  services: LoadedService[];
  /** The common words, for screens before a service is chosen. */
  words: Record<Language, Words>;
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

function must<T>(result: { ok: true; value: T } | { ok: false; error: Fault }, id: string): T {
  if (result.ok) return result.value;
  throw serviceFault("broken", { service: id, ...result.error.fields });
}

const plain = (message: string) => () => message;

/** Reads the services that the configuration lists, from the active bundle. Throws `service.broken`. */
export async function loadServices(folder: string, ids: readonly string[]): Promise<ServiceBook> {
  const texts = async (id: string): Promise<Record<Language, Texts>> => {
    const all = await Promise.all(
      LANGUAGES.map((language) => readJson(join(folder, id, `texts.${language}.json`))),
    );
    return Object.fromEntries(
      LANGUAGES.map((language, i) => [language, must(check(TextsSchema, all[i], "texts"), id)]),
    ) as Record<Language, Texts>;
  };
  const common = (await readdir(folder)).includes("common")
    ? await texts("common")
    : ({ en: {}, "zh-Hant": {}, "zh-Hans": {} } as Record<Language, Texts>);
  // Most texts are plain; the formatter is loaded only when one is not.
  let format: Awaited<ReturnType<typeof messageFormatter>> | undefined;
  const lazy = (message: string, language: Language) => format?.(message, language) ?? plain(message);
  const wordsIn = (layers: Record<Language, Texts>[]): Record<Language, Words> =>
    Object.fromEntries(
      LANGUAGES.map((language) => [
        language,
        wordsOf(
          layers.map((layer) => layer[language]),
          language,
          lazy,
        ),
      ]),
    ) as Record<Language, Words>;
  void messageFormatter().then((loaded) => {
    format = loaded;
  });
  const services = await Promise.all(
    ids.map(async (id): Promise<LoadedService> => {
      const [service, form, own] = await Promise.all([
        readJson(join(folder, id, "service.json")),
        readJson(join(folder, id, "form.schema.json")),
        texts(id),
      ]);
      return {
        service: must(check(ServiceSchema, service, id), id),
        form: must(check(FormSchema, form, id), id),
        words: wordsIn([own, common]),
      };
    }),
  );
  return { services, words: wordsIn([common]) };
}
