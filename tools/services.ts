import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkService,
  conditionCompiler,
  LANGUAGES,
  type Language,
  type ServiceSource,
  type Texts,
} from "../flows/index.ts";

const ROOT = "flows/services";
const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

export const commonTexts = (): Record<Language, Texts> =>
  Object.fromEntries(
    LANGUAGES.map((language) => [language, read(join(ROOT, "common", `texts.${language}.json`))]),
  ) as Record<Language, Texts>;

/** Every service folder, unchecked. */
export function serviceSources(root = ROOT): ServiceSource[] {
  return readdirSync(root)
    .filter((id) => existsSync(join(root, id, "service.json")))
    .sort()
    .map((id) => ({
      id,
      service: read(join(root, id, "service.json")),
      form: read(join(root, id, "form.schema.json")),
      texts: Object.fromEntries(
        LANGUAGES.map((language) => [language, read(join(root, id, `texts.${language}.json`))]),
      ) as ServiceSource["texts"],
    }));
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const parse = await conditionCompiler();
  let wrong = 0;
  for (const source of serviceSources()) {
    for (const { file, at, problem, todo } of checkService(source, commonTexts(), parse).problems) {
      console.error(`${file} ${at}: ${problem}. ${todo}.`);
      wrong++;
    }
  }
  console.log(wrong === 0 ? "every service may be published" : `${wrong} problems`);
  process.exitCode = wrong === 0 ? 0 : 1;
}
