import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  checkService,
  conditionCompiler,
  LANGUAGES,
  messageFormatter,
  type ServiceSource,
} from "../../flows/index.ts";
import { commonTexts, serviceSources } from "../../tools/services.ts";
import { suite } from "../kit.ts";

const { test, run } = suite("services");
const parse = await conditionCompiler();
const format = await messageFormatter();
const problemsOf = (source: ServiceSource) => checkService(source, commonTexts(), parse, format).problems;

/** A good service, to be broken in one place. */
function sample(): {
  id: string;
  service: { steps: Record<string, unknown>[]; needs: unknown[] } & Record<string, unknown>;
  form: { properties: Record<string, Record<string, unknown>>; required: string[] };
  texts: Record<(typeof LANGUAGES)[number], Record<string, unknown>>;
} {
  const [found] = serviceSources("test/flows/fixtures").filter(({ id }) => id === "library-card");
  return structuredClone(found) as never;
}
type Sample = ReturnType<typeof sample>;
/** Puts something wrong there; what is undefined is as good as gone, as in JSON. */
function put(where: Record<string, unknown>, wrong: Record<string, unknown>): void {
  Object.assign(where, wrong);
  for (const [key, value] of Object.entries(wrong))
    if (value === undefined) Reflect.deleteProperty(where, key);
}
const step = (source: Sample, n: number): Record<string, unknown> => source.service.steps[n] ?? {};

test("every service may be published, in every language", () => {
  const sources = serviceSources();
  assert.equal(
    sources.map(({ id }) => id),
    ["collection", "exchange", "hkic-application", "one-stop", "passport-application", "retrieval"],
  );
  for (const source of [...sources, sample() as never]) assert.equal(problemsOf(source), []);
});

test("the common texts have the same keys in every language, spoken forms too, and nothing empty", () => {
  const common = commonTexts();
  const keys = Object.keys(common.en).sort();
  for (const language of LANGUAGES) {
    assert.equal(Object.keys(common[language]).sort(), keys);
    for (const key of keys) {
      const text = common[language][key];
      assert.is(typeof text, typeof common.en[key], `${language} ${key}`);
      for (const part of typeof text === "object" ? [text.text, text.spoken] : [text ?? ""]) {
        assert.ok(part.trim() !== "", `${language} ${key}`);
        assert.not.match(part, /TODO|XXX|lorem/i);
        format(part, language);
      }
    }
  }
});

test("Simplified text has no Traditional characters of the other file, and the other way round", () => {
  const { "zh-Hant": hant, "zh-Hans": hans } = commonTexts();
  const all = (language: "zh-Hant" | "zh-Hans", common: object): string =>
    JSON.stringify([common, ...serviceSources().map(({ texts }) => texts[language])]);
  assert.not.match(all("zh-Hans", hans), /[證護請資選擇檢後於電說這裏們時會門開關號碼]/);
  assert.not.match(all("zh-Hant", hant), /[证护请资选择检后于电说这们时会门开关号码]/);
  assert.match(all("zh-Hant", hant), /[證護請資]/);
});

test("every text that the steps name exists", () => {
  const folder = "runtime/core/visit";
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const collection = serviceSources().find(({ id }) => id === "collection")?.texts.en as object;
  let named = 0;
  for (const file of files) {
    for (const [, key] of readFileSync(join(folder, file), "utf8").matchAll(/\btext\(\s*"([^"]+)"/g)) {
      named++;
      assert.ok(key && (key in commonTexts().en || key in collection), `${file}: ${key}`);
    }
  }
  assert.ok(named > 40);
});

const MISTAKES: [string, (source: Sample) => unknown, { file: string; at: string; problem: string }][] = [
  [
    "an unknown kind of step",
    (s) => put(step(s, 1), { kind: "teleport" }),
    { file: "service.json", at: "/steps/1/kind", problem: "teleport" },
  ],
  [
    "a field that the kind of step does not have",
    (s) => put(step(s, 1), { speed: 3 }),
    { file: "service.json", at: "/steps/1", problem: "additional" },
  ],
  [
    "a field that the form does not have",
    (s) => put(step(s, 1), { field: "slogan" }),
    { file: "service.json", at: "/steps/1/field", problem: "slogan" },
  ],
  [
    "a review of a field that the form does not have",
    (s) => put(step(s, 2), { fields: ["member", "slogan"] }),
    { file: "service.json", at: "/steps/2/fields", problem: "slogan" },
  ],
  [
    "an option outside the form's enum",
    (s) => put(step(s, 0), { options: [{ id: "yes" }, { id: "maybe" }] }),
    { file: "service.json", at: "/steps/0/options", problem: "maybe" },
  ],
  [
    "a condition that does not parse",
    (s) => put(step(s, 1), { when: "answers.member ==" }),
    { file: "service.json", at: "/steps/1/when", problem: "" },
  ],
  [
    "a condition over what nobody answers",
    (s) => put(step(s, 1), { when: "answers.age == '3'" }),
    { file: "service.json", at: "/steps/1/when", problem: "nothing answers age" },
  ],
  [
    "the same in brackets",
    (s) => put(step(s, 1), { when: "answers['age'] == '3'" }),
    { file: "service.json", at: "/steps/1/when", problem: "nothing answers age" },
  ],
  [
    "a condition over what is asked later",
    (s) => s.service.steps.reverse().sort((a) => (a.id === "motto" ? -1 : 0)),
    { file: "service.json", at: "/steps/0/when", problem: "asked only later" },
  ],
  [
    "a step that is never reached",
    (s) => put(step(s, 1), { when: "answers.member == 'perhaps'" }),
    { file: "service.json", at: "/steps/1/when", problem: "can never hold" },
  ],
  [
    "two steps of one name",
    (s) => put(step(s, 1), { id: "reader" }),
    { file: "service.json", at: "/steps/1", problem: "second step reader" },
  ],
  [
    "a device that is used and not needed",
    (s) => s.service.steps.splice(2, 0, { id: "photo", kind: "photo", profile: "hkic", attempts: 3 }),
    { file: "service.json", at: "/steps/2", problem: "camera.portrait" },
  ],
  [
    "a receipt without a submission before it",
    (s) => put(step(s, 3), { when: "answers.member == 'yes'" }),
    { file: "service.json", at: "/steps/4", problem: "submit" },
  ],
  [
    "a required field that no step asks for",
    (s) => {
      s.form.properties.age = { type: "string", maxLength: 3 };
      s.form.required.push("age");
    },
    { file: "form.schema.json", at: "/required/age", problem: "no step asks" },
  ],
  [
    "a pattern that is none",
    (s) => put(s.form.properties.motto ?? {}, { pattern: "[" }),
    { file: "form.schema.json", at: "/properties/motto/pattern", problem: "regular expression" },
  ],
  [
    "a text that one language lacks",
    (s) => put(s.texts["zh-Hant"], { "motto.title": undefined }),
    { file: "texts.zh-Hant.json", at: "motto.title", problem: "is missing" },
  ],
  [
    "a search without the words for a reference number",
    (s) => {
      s.service.steps.unshift({ id: "search", kind: "findCollection" });
      for (const texts of Object.values(s.texts)) texts["search.title"] = "x";
    },
    { file: "texts.en.json", at: "find.wrongReference", problem: "is missing" },
  ],
  [
    "an empty text",
    (s) => put(s.texts.en, { "motto.title": " " }),
    { file: "texts.en.json", at: "motto.title", problem: "is empty" },
  ],
  [
    "a spoken form that one language lacks",
    (s) => put(s.texts.en, { "motto.title": { text: "a", spoken: "b" } }),
    { file: "texts.zh-Hans.json", at: "motto.title", problem: "spoken" },
  ],
  [
    "a fact that nobody states",
    (s) => put(s.texts.en, { "motto.title": "Costs {fee}" }),
    { file: "texts.en.json", at: "motto.title", problem: "{fee}" },
  ],
  [
    "a text that is no message",
    (s) => put(s.texts.en, { "motto.title": "{loaded, plural, one {x}" }),
    { file: "texts.en.json", at: "motto.title", problem: "ICU" },
  ],
  [
    "facts out of order",
    (s) =>
      put(s.service, {
        facts: [
          { from: "2026-01-01", values: { fee: 1 } },
          { from: "2025-01-01", values: { fee: 2 } },
        ],
      }),
    { file: "service.json", at: "/facts/1/from", problem: "not later" },
  ],
  [
    "another name than its folder",
    (s) => put(s.service, { id: "other" }),
    { file: "service.json", at: "/id", problem: "other" },
  ],
];

for (const [what, spoil, wanted] of MISTAKES) {
  test(`the publish check names ${what}, with a remedy`, () => {
    const source = sample();
    spoil(source);
    const problems = problemsOf(source as unknown as ServiceSource);
    const found = problems.find(
      ({ file, at, problem }) =>
        file === `library-card/${wanted.file}` && at === wanted.at && problem.includes(wanted.problem),
    );
    assert.ok(found, JSON.stringify(problems));
    assert.ok((found?.todo.length ?? 0) > 8);
  });
}

run();
