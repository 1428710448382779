import * as assert from "uvu/assert";
import { ageOn, dateOf, eligibleServices, readRules } from "../../../fleet/server/eligibility.ts";
import type { Person } from "../../../fleet/server/register.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("eligibility");

const person = (over: Partial<Person> = {}): Person => ({
  number: "X0000000",
  dateOfBirth: "1984-03-12",
  nameEn: "TESTPERSON, Nobody",
  nameZh: "測試",
  sex: "F",
  facts: { cardType: "permanent", citizen: true, permanent: true },
  templates: {},
  ...over,
});
const NOON = Date.UTC(2026, 10, 24, 4);
const ALL = ["hkic-application", "passport-application", "one-stop"];

test("who may apply for what", async () => {
  const rules = readRules();
  const of = (one: Person) => eligibleServices(one, ALL, rules, NOON);
  assert.equal(await of(person()), ALL);
  assert.equal(await of(person({ facts: { cardType: "identity", citizen: false, permanent: false } })), [
    "hkic-application",
  ]);
  assert.equal(await of(person({ facts: { cardType: "permanent", citizen: false, permanent: true } })), [
    "hkic-application",
  ]);
  assert.equal(await of(person({ dateOfBirth: "2013-04-17" })), []);
});

test("the eighteenth birthday counts from its first minute, where the centre is", async () => {
  const rules = readRules();
  const young = person({ dateOfBirth: "2008-11-24" });
  const midnight = Date.UTC(2026, 10, 23, 16);
  assert.equal(await eligibleServices(young, ALL, rules, midnight - 1), []);
  assert.equal(await eligibleServices(young, ALL, rules, midnight), ALL);
  assert.is(dateOf(midnight), "2026-11-24");
  assert.is(ageOn("2004-02-29", "2022-02-28"), 17);
  assert.is(ageOn("2004-02-29", "2022-03-01"), 18);
});

test("a rule that fails, is no boolean, has not begun or is missing means no", async () => {
  const of = (rule: string, from = "2020-01-01") =>
    eligibleServices(person(), ["s"], { s: [{ from, rule }] }, NOON);
  assert.equal(await of("true"), ["s"]);
  assert.equal(await of("person.nothing > 1"), []);
  assert.equal(await of("1"), []);
  assert.equal(await of("((("), []);
  assert.equal(await of("true", "2026-11-25"), []);
  assert.equal(
    await eligibleServices(person(), ["other"], { s: [{ from: "2020-01-01", rule: "true" }] }, NOON),
    [],
  );
});

test("of the rules that have begun, the latest holds", async () => {
  const rules = {
    s: [
      { from: "2026-12-01", rule: "true" },
      { from: "2026-01-01", rule: "false" },
      { from: "2020-01-01", rule: "true" },
    ],
  };
  assert.equal(await eligibleServices(person(), ["s"], rules, NOON), []);
  assert.equal(await eligibleServices(person(), ["s"], rules, NOON + 7 * 86_400_000), ["s"]);
});

run();
