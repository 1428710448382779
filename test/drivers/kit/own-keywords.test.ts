import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Validator } from "@cfworker/json-schema";
import { type TSchema, Type } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import * as assert from "uvu/assert";
import { hasOwnKeywordsOnly } from "../../../drivers/kit/own-keywords.ts";
import { ServiceSchema, TextsSchema } from "../../../flows/index.ts";
import { UnitConfigurationSchema } from "../../../provisioning/index.ts";
import { seeded } from "../../crash/replay/random.ts";
import { suite } from "../../kit.ts";
import { unitConfiguration } from "../../support/unit.ts";

const { test, run } = suite("drivers: which schemas TypeBox's check may judge");

const MUTATIONS = 3_000;
/** What a field may be turned into; two code units that are one character are among it. */
const STRANGE: readonly unknown[] = [
  null,
  "",
  "x",
  "\u{1F600}",
  "a\nb",
  "x".repeat(2_000),
  -1,
  0,
  1.5,
  1e9,
  true,
  [],
  {},
  [1, 1],
];

test("a keyword that the check passes over sends the schema to the validator", () => {
  const line = { a: Type.Optional(Type.String()), b: Type.Optional(Type.String()) };
  const passedOver: [string, TSchema, unknown][] = [
    ["anyOf of an object", Type.Object(line, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }), {}],
    ["not", Type.Object(line, { not: { required: ["a"] } }), { a: "x" }],
    ["a format", Type.String({ pattern: "^.*$", format: "date" }), "yesterday"],
    ["a length in characters", Type.String({ minLength: 2 }), "\u{1F600}"],
    ["any character, counted", Type.String({ pattern: "^..$" }), "\u{1F600}"],
    ["a class that excludes, counted", Type.String({ pattern: "^[^x]{2}$" }), "\u{1F600}"],
    ["not a space, counted", Type.String({ pattern: "^\\S{2}$" }), "\u{1F600}"],
    ["a letter by its property", Type.String({ pattern: "^\\p{L}$" }), "p{L}"],
    [
      "properties named twice by a pattern",
      {
        ...Type.Record(Type.String(), Type.Number()),
        patternProperties: { "^a": Type.Number(), "^b": Type.Number() },
      },
      { b: "x" },
    ],
  ];
  for (const [why, schema, value] of passedOver) {
    assert.not.ok(hasOwnKeywordsOnly(schema), why);
    assert.not.ok(hasOwnKeywordsOnly(Type.Object({ part: Type.Array(schema) })), `${why}, further in`);
    assert.not.ok(new Validator(schema, "2020-12").validate(value).valid, `${why}: the validator refuses it`);
  }
});

/** A copy with one place changed: a field that is strange, missing, or one too many. */
function changed(value: unknown, random: () => number): unknown {
  const copy = structuredClone(value);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    for (const key of Object.keys(at)) {
      places.push([at as Record<string, unknown>, key]);
      walk((at as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [owner, key] = places[Math.floor(random() * places.length)] ?? [{}, ""];
  const way = random();
  if (way < 0.1) delete owner[key];
  else if (way < 0.2) owner.tooMany = 1;
  else if (way < 0.3 && Array.isArray(owner)) owner.push(structuredClone(owner[0]));
  else owner[key] = structuredClone(STRANGE[Math.floor(random() * STRANGE.length)]);
  return JSON.parse(JSON.stringify(copy));
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const folders = readdirSync("flows/services").map((id) => `flows/services/${id}`);
const services = folders.filter((folder) => existsSync(`${folder}/service.json`));
const configuration: unknown = JSON.parse(JSON.stringify(unitConfiguration({})));

const DOCUMENTS: [string, TSchema, unknown[]][] = [
  ["service", ServiceSchema, services.map((folder) => read(`${folder}/service.json`))],
  ["texts", TextsSchema, folders.map((folder) => read(`${folder}/texts.zh-Hant.json`))],
  ["configuration", UnitConfigurationSchema, [configuration]],
];

for (const [name, schema, documents] of DOCUMENTS) {
  test(`of a ${name} with something wrong in it, both say the same`, () => {
    assert.ok(hasOwnKeywordsOnly(schema));
    const validator = new Validator(schema, "2020-12", true);
    const random = seeded(7);
    const said = { right: 0, wrong: 0 };
    for (let i = 0; i < MUTATIONS; i++) {
      const value = changed(documents[i % documents.length], random);
      const { valid } = validator.validate(value);
      assert.is(Check(schema, value), valid, JSON.stringify(value).slice(0, 2_000));
      said[valid ? "right" : "wrong"]++;
    }
    assert.ok(Math.min(said.right, said.wrong) > 50, JSON.stringify(said));
  });
}

run();
