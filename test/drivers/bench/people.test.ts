import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  checkCharacter,
  makePeople,
  type RegisterRow,
  writeRegister,
} from "../../../drivers/bench/people.ts";
import { BENCH_TEMPLATE_BYTES, matchScore, templateOf } from "../../../drivers/bench/templates.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("people and fingers");

test("check characters agree with the known vectors", () => {
  const vectors: [string, string][] = [
    ["A123456", "3"],
    ["G123456", "A"],
    ["AB987654", "3"],
    ["AB123456", "9"],
    ["E364912", "5"],
    ["L555555", "0"],
    ["H349781", "1"],
    ["YK159771", "6"],
    ["X345938", "7"],
  ];
  for (const [body, check] of vectors) assert.is(checkCharacter(body), check, body);
});

test("the same seed gives the same people, another seed other numbers and fingers", () => {
  assert.equal(makePeople(1), makePeople(1));
  const [a, b] = [makePeople(1)[0], makePeople(2)[0]];
  assert.is.not(a?.number, b?.number);
  assert.is.not(
    Buffer.from(a?.fingers.get(1) ?? []).toString("hex"),
    Buffer.from(b?.fingers.get(1) ?? []).toString("hex"),
  );
});

test("the cast holds people for both services, for one, and one who is too young", () => {
  const people = makePeople(7);
  assert.ok(people.length >= 8);
  assert.is(new Set(people.map(({ number }) => number)).size, people.length);
  assert.ok(people.some(({ eligibleFor }) => eligibleFor.length === 2));
  assert.ok(people.some(({ eligibleFor }) => eligibleFor.length === 1));
  const young = people.find(({ eligibleFor }) => eligibleFor.length === 0);
  assert.ok(young && young.dateOfBirth > "2012-01-01");
});

test("captures of one finger match at 60 or more, all other fingers stay below 20", () => {
  const seeds = makePeople(3).flatMap(({ fingers }) => [...fingers.values()]);
  const ideal = seeds.map((seed) => templateOf(seed, BENCH_TEMPLATE_BYTES));
  seeds.forEach((seed, i) => {
    const one = templateOf(seed, BENCH_TEMPLATE_BYTES, 2 * i + 1);
    const two = templateOf(seed, BENCH_TEMPLATE_BYTES, 2 * i + 2);
    assert.is.not(Buffer.compare(one, two), 0, "no two captures are alike");
    assert.ok(matchScore(one, two) >= 60);
    ideal.forEach((other, j) => {
      if (i !== j) assert.ok(matchScore(one, other) < 20, `${i} ${j}`);
    });
  });
  assert.is(matchScore(new Uint8Array(4), new Uint8Array(5)), 0);
});

test("the register holds what the centre needs", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-people-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const people = makePeople(1);
  await writeRegister(join(folder, "people.json"), people);
  const rows = JSON.parse(readFileSync(join(folder, "people.json"), "utf8")) as RegisterRow[];
  assert.is(rows.length, people.length);
  const template = Buffer.from(rows[0]?.templates["6"]?.data ?? "", "base64");
  const seed = people[0]?.fingers.get(6);
  assert.ok(seed && matchScore(template, templateOf(seed, BENCH_TEMPLATE_BYTES, 5)) >= 60);
});

run();
