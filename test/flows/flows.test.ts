import * as assert from "uvu/assert";
import {
  argumentsOf,
  compile,
  conditionCompiler,
  type Form,
  factsOn,
  isSimple,
  judgeEntry,
  messageFormatter,
  OUTCOMES,
  parseHkic,
  parsePastDate,
  type Service,
  wordsOf,
} from "../../flows/index.ts";
import { openFlow } from "../../runtime/core/visit/flow.ts";
import { serviceSources } from "../../tools/services.ts";
import { suite } from "../kit.ts";

const { test, run } = suite("flows");
const parse = await conditionCompiler();
const services = [...serviceSources(), ...serviceSources("test/flows/fixtures")].map(
  ({ service }) => service as Service,
);

test("identity card numbers: the check character, and every way in which people write them", () => {
  for (const good of [
    "A123456(3)",
    "a123456(3)",
    "A 123456 (3)",
    "A1234563",
    "Ａ１２３４５６（３）",
    " a123456( 3 ) ",
  ])
    assert.equal(parseHkic(good), { ok: true, value: "A123456(3)" }, good);
  for (const good of [
    "G123456(A)",
    "AB987654(3)",
    "AB123456(9)",
    "E364912(5)",
    "L555555(0)",
    "H349781(1)",
    "YK159771(6)",
    "X345938(7)",
  ])
    assert.equal(parseHkic(good), { ok: true, value: good }, good);
  for (const check of "012456789A")
    assert.equal(parseHkic(`A123456(${check})`), { ok: false, error: "hkicCheck" }, check);
  for (const bad of ["A12345(3)", "1234567", "ABC123456(3)", "A123456(B)", "A123456", "甲123456(3)"])
    assert.equal(parseHkic(bad), { ok: false, error: "hkicForm" }, bad);
  assert.equal(parseHkic("  "), { ok: false, error: "empty" });
});

test("every wrong digit of a number is noticed", () => {
  for (let at = 1; at <= 6; at++) {
    for (let digit = 0; digit <= 9; digit++) {
      const text = `A${"123456".slice(0, at - 1)}${digit}${"123456".slice(at)}(3)`;
      assert.is(parseHkic(text).ok, text === "A123456(3)", text);
    }
  }
});

test("dates: real, past, not before 1900", () => {
  const now = Date.UTC(2026, 10, 24);
  assert.equal(parsePastDate("19850131", now), { ok: true, value: "1985-01-31" });
  assert.equal(parsePastDate("2024-02-29", now), { ok: true, value: "2024-02-29" });
  for (const bad of ["2023-02-29", "1985-13-01", "1899-12-31", "85-01-01", "x"])
    assert.equal(parsePastDate(bad, now), { ok: false, error: "dateForm" }, bad);
  assert.equal(parsePastDate("2026-11-25", now), { ok: false, error: "dateFuture" });
});

test("an entry is judged by the form; nothing invisible gets in", () => {
  const form: Form = {
    type: "object",
    properties: {
      name: { type: "string", maxLength: 5, minLength: 2, pattern: "^[A-Z]+$" },
      free: { type: "string", maxLength: 9 },
    },
    required: ["name"],
  };
  const judge = (field: string, text: string) => {
    const judged = judgeEntry(form, field, text, 0);
    return judged.ok ? judged.value : judged.error;
  };
  assert.is(judge("name", " ABC "), "ABC");
  assert.is(judge("name", ""), "empty");
  assert.is(judge("free", ""), "");
  assert.is(judge("name", "A"), "pattern");
  assert.is(judge("name", "abc"), "pattern");
  assert.is(judge("name", "ABCDEF"), "tooLong");
  assert.is(judge("free", "a\u202eb"), "pattern");
  assert.is(judge("free", "a\u0000b"), "pattern");
});

test("conditions fail closed", () => {
  assert.is(parse("answers.a == 'x'")({ a: "x" }), true);
  assert.is(parse("answers.a == 'x'")({}), false);
  assert.is(parse("answers.a")({ a: "true" }), false);
  assert.is(parse("1 / 0 == 1")({}), false);
  assert.throws(() => parse("answers.a =="));
});

test("texts: names in braces need no formatter, plurals do", async () => {
  const format = await messageFormatter();
  let loaded = 0;
  const texts = {
    a: "Slot {slot} of {count}",
    b: "{n, plural, one {# thing} other {# things}}",
    c: { text: "see", spoken: "hear" },
  };
  const words = wordsOf([texts], "en", (message, language) => {
    loaded++;
    return format(message, language);
  });
  assert.is(words.text("a", { slot: "A1", count: 3 }), "Slot A1 of 3");
  assert.is(words.spoken("a", { slot: "A1", count: 3 }), "Slot A1 of 3");
  assert.is(loaded, 0);
  assert.is(words.text("b", { n: 2 }), "2 things");
  assert.is(words.text("c"), "see");
  assert.is(words.spoken("c"), "hear");
  assert.ok(isSimple("{a} b") && !isSimple("{a, plural}"));
  assert.equal(argumentsOf("{a} {b}"), ["a", "b"]);
});

test("the fee is the one that holds on the day", () => {
  const passport = services.find(({ id }) => id === "passport-application") as Service;
  assert.is(factsOn(passport, "2025-09-07").fee32, 370);
  assert.is(factsOn(passport, "2025-09-08").fee32, 430);
  assert.is(factsOn(passport, "2026-11-24").fee48, 520);
});

for (const service of services) {
  test(`${service.id}: every state is reached and leads to an end; what is done stays done`, () => {
    const chart = compile(service);
    const targets = (id: string): string[] =>
      Object.values(chart.states[id]?.on ?? {}).flatMap((all) => all.map(({ target }) => target));
    const reached = new Set([chart.initial]);
    for (const id of reached) for (const target of targets(id)) reached.add(target);
    assert.equal([...reached].sort(), Object.keys(chart.states).sort());
    for (const step of service.steps) {
      const on = chart.states[step.id]?.on;
      // The last transition onward is unconditional: nobody gets stuck.
      assert.is(on?.NEXT?.at(-1)?.guards, undefined, step.id);
      assert.is(on?.END?.length, OUTCOMES.length);
      const at = service.steps.indexOf(step);
      const barrier = service.steps.slice(0, at).findLastIndex((before) => before.final);
      for (const { target } of on?.BACK ?? []) {
        const to = service.steps.findIndex((other) => other.id === target);
        assert.ok(to > barrier || target === chart.review, `${step.id} back to ${target}`);
      }
    }
  });

  test(`${service.id}: walked at random, it always ends, and never submits unanswered questions`, async () => {
    let seed = 7;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    for (let round = 0; round < 30; round++) {
      const flow = await openFlow(compile(service), parse);
      let done = false;
      for (let turn = 0; turn < 500 && !done; turn++) {
        const step = service.steps.find(({ id }) => id === flow.state());
        if (!step) {
          done = true;
          break;
        }
        if (step.kind === "submit") {
          for (const asked of service.steps) {
            if (asked.kind !== "entry" && asked.kind !== "choose") continue;
            if (asked.when === undefined || flow.holds(asked.when))
              assert.ok(flow.answers()[asked.field] !== undefined, `${asked.field} was asked`);
          }
        }
        const move = random(8);
        const answers =
          step.kind === "choose"
            ? { [step.field]: step.options[random(step.options.length)]?.id }
            : step.kind === "entry"
              ? { [step.field]: "x" }
              : {};
        if (move === 0) flow.send({ type: "BACK" });
        else if (move === 1 && step.kind === "review")
          flow.send({ type: "EDIT", step: service.steps[random(service.steps.length)]?.id ?? "" });
        else flow.send({ type: "NEXT", answers });
      }
      assert.is(flow.state(), "completed");
      flow.stop();
    }
  });
}

run();
