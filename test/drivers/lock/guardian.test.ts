import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import type { Clock } from "../../../drivers/kit/index.ts";
import { guard } from "../../../drivers/lock/gpio/guardian/guardian.ts";
import type { GpioFactory } from "../../../drivers/ports/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("guardian of GPIO locks");
const LINES = [10, 20].map((offset) => ({ line: { chip: "chip", offset }, activeLow: offset === 20 }));

/** A guardian in this process, on lines in memory and a clock that the test moves. */
function guardian(t: TestContext, over: { failing?: (level: 0 | 1) => boolean } = {}) {
  const levels = new Map<number, 0 | 1>();
  const history: string[] = [];
  const polarity: boolean[] = [];
  const gpio: GpioFactory = {
    input: () => Promise.reject(new Error("a guardian reads nothing")),
    output: async ({ offset }, { activeLow, initial }) => {
      polarity.push(activeLow);
      levels.set(offset, initial);
      const write = async (level: 0 | 1) => {
        if (over.failing?.(level)) throw new Error("EIO");
        levels.set(offset, level);
        history.push(`${offset}=${level}`);
      };
      return { write, close: async () => void history.push(`${offset} closed`) };
    },
  };
  let now = 0;
  let sleeping: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    wall: () => now,
    mono: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        sleeping.push({ at: now + ms, wake: resolve });
        signal?.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  const input = new PassThrough();
  const output = new PassThrough();
  const answers: Record<string, unknown>[] = [];
  output.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n").filter(Boolean)) answers.push(JSON.parse(line));
  });
  const stop = new AbortController();
  const code = guard({ gpio, clock, input, output, stop: stop.signal });
  t.after(() => stop.abort());
  return {
    levels,
    history,
    polarity,
    input,
    stop,
    code,
    answers,
    say: (order: unknown) =>
      void input.write(`${typeof order === "string" ? order : JSON.stringify(order)}\n`),
    answer: (word: string) => eventually(word, () => answers.find((answer) => word in answer)),
    forward: (ms: number) => {
      now += ms;
      const due = sleeping.filter(({ at }) => at <= now);
      sleeping = sleeping.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
    },
  };
}

async function holding(t: TestContext, over: Parameters<typeof guardian>[1] = {}) {
  const it = guardian(t, over);
  it.say({ hold: LINES, maxMs: 500 });
  assert.equal(await it.answer("held"), { held: 2 });
  return it;
}

test("lines are at rest when they are held, in their own polarity", async (t) => {
  const { levels, polarity } = await holding(t);
  assert.equal(
    [...levels],
    [
      [10, 0],
      [20, 0],
    ],
  );
  assert.equal(polarity, [false, true]);
});

test("a pulse ends by the guardian's own clock, and says when it began and ended", async (t) => {
  const it = await holding(t);
  it.say({ pulse: 1, line: 0, ms: 300 });
  await it.answer("began");
  it.forward(299);
  assert.is(it.levels.get(10), 1);
  it.forward(1);
  assert.equal(await it.answer("ended"), { ended: 1 });
  assert.is(it.levels.get(10), 0);
});

test("a pulse beyond the limit is refused, also when the vault allowed itself more than the hard limit", async (t) => {
  const it = await holding(t);
  it.say({ pulse: 1, line: 0, ms: 501 });
  assert.equal(await it.answer("refused"), { refused: 1, reason: "device.invalidParameter" });
  const other = guardian(t);
  other.say({ hold: LINES, maxMs: 60_000 });
  await other.answer("held");
  other.say({ pulse: 1, line: 0, ms: 2_001 });
  assert.equal(await other.answer("refused"), { refused: 1, reason: "device.invalidParameter" });
  assert.equal([it.history, other.history], [[], []]);
});

test("one coil at a time; an unknown line is refused", async (t) => {
  const it = await holding(t);
  it.say({ pulse: 1, line: 0, ms: 300 });
  await it.answer("began");
  it.say({ pulse: 2, line: 1, ms: 300 });
  it.say({ pulse: 3, line: 2, ms: 300 });
  await eventually("both refused", () => it.answers.filter((answer) => "refused" in answer).length === 2);
  assert.equal(it.history, ["10=1"]);
});

test("the vault's end closes: the line is at rest at once, without any time passing", async (t) => {
  const it = await holding(t);
  it.say({ pulse: 1, line: 0, ms: 500 });
  await it.answer("began");
  it.input.destroy();
  assert.is(await it.code, 0);
  assert.is(it.levels.get(10), 0);
  assert.ok(it.history.includes("10 closed") && it.history.includes("20 closed"));
});

test("a signal ends the pulse as the vault's end does", async (t) => {
  const it = await holding(t);
  it.say({ pulse: 1, line: 1, ms: 500 });
  await it.answer("began");
  it.stop.abort();
  assert.is(await it.code, 0);
  assert.is(it.levels.get(20), 0);
});

for (const [what, nonsense] of [
  ["no JSON", "open sesame"],
  ["another hold", { hold: LINES, maxMs: 500 }],
  ["a pulse without a length", { pulse: 9, line: 0 }],
  ["a negative pulse", { pulse: 9, line: 0, ms: -1 }],
  ["an array", [1]],
  ["null", "null"],
  ["a line without an end", "x".repeat(9_000)],
] as const) {
  test(`nonsense from the vault ends everything: ${what}`, async (t) => {
    const it = await holding(t);
    it.say({ pulse: 1, line: 0, ms: 500 });
    await it.answer("began");
    it.say(nonsense);
    assert.is(await it.code, 2);
    assert.is(it.levels.get(10), 0);
  });
}

test("a line that cannot be put to rest at first is tried again until it is", async (t) => {
  let broken = 3;
  const it = await holding(t, { failing: (level) => level === 0 && broken-- > 0 });
  it.say({ pulse: 1, line: 0, ms: 100 });
  await it.answer("began");
  it.forward(100);
  await eventually("at rest", () => {
    it.forward(20);
    return it.levels.get(10) === 0 && it.answers.some((answer) => "ended" in answer);
  });
});

test("a line that stays driven ends the guardian with its own code, so that the vault takes over", async (t) => {
  const it = await holding(t, { failing: (level) => level === 0 });
  it.say({ pulse: 1, line: 0, ms: 100 });
  await it.answer("began");
  let code: number | undefined;
  void it.code.then((ended) => {
    code = ended;
  });
  await eventually("it ends", () => {
    it.forward(100);
    return code !== undefined;
  });
  assert.is(code, 3);
});

run();
