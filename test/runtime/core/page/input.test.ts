import * as assert from "uvu/assert";
import type { ScreenModel, View } from "../../../../runtime/core/screen/model.ts";
import { eventually, suite } from "../../../kit.ts";
import { closeTools, type Kiosk, openKiosk, withView } from "./kiosk.ts";

const { test, run } = suite("page input");

type Entry = Extract<View, { kind: "entry" }>;

/** An entry fixture with some of its view changed. */
function entry(kiosk: Kiosk, name: string, change: Partial<Entry> = {}): ScreenModel {
  const model = kiosk.fixture(name);
  if (model.view.kind !== "entry") throw new Error(name);
  return withView(model, { ...model.view, ...change });
}

async function touch(kiosk: Kiosk, ...keys: string[]): Promise<void> {
  for (const key of keys) await kiosk.page.click(`[data-key="${key}"]`);
}

test("a double press sends one input, with the number of its model", async (t) => {
  const kiosk = await openKiosk(t);
  const seq = await kiosk.show(kiosk.fixture("choose"));
  await kiosk.page.evaluate(`(() => {
    const option = document.querySelector('[data-option="one-stop"]');
    option.click();
    option.click();
    document.querySelector('[data-option="passport-application"]').click();
    document.querySelector('[data-chrome="help"]').click();
  })()`);
  assert.equal(await kiosk.input(0), { seq, input: { type: "choose", id: "one-stop" } });
  assert.ok(await kiosk.page.locator('[data-chrome="help"]').isDisabled());
  // The next model frees the buttons, and nothing that was pressed meanwhile comes after.
  const next = await kiosk.show(kiosk.fixture("notice"));
  await kiosk.page.click("[data-accept]");
  assert.equal(await kiosk.input(1), { seq: next, input: { type: "accept" } });
  assert.is(kiosk.gallery.inputs.filter(({ input }) => input.type !== "more").length, 2);
});

test("typing and signing tell the core that somebody is there, at most every ten seconds, and hold nothing up", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.page.clock.install();
  const told = () => kiosk.gallery.inputs.filter(({ input }) => input.type === "more");
  await kiosk.show(kiosk.fixture("attract"));
  await kiosk.page.mouse.down();
  await kiosk.page.mouse.up();
  assert.equal((await kiosk.input(0)).input, { type: "action", id: "begin" });
  assert.equal(told(), [], "nobody is asked after at rest");

  const seq = await kiosk.show(kiosk.fixture("sign"));
  await kiosk.page.clock.runFor(10_000);
  await kiosk.page.locator("[data-pad]").click();
  await eventually("the first touch", () => told().length === 1);
  assert.equal(told()[0], { seq, input: { type: "more" } });
  assert.is(await kiosk.page.getAttribute("html", "data-busy"), null);

  const field = await kiosk.show(entry(kiosk, "entry-latin", { value: "" }));
  await kiosk.page.keyboard.type("HARBOUR");
  await kiosk.page.clock.runFor(10_000);
  // One key that is held down is not somebody; the next one is.
  await kiosk.page.evaluate(
    `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "A", repeat: true, bubbles: true }))`,
  );
  await kiosk.page.keyboard.type("S");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(1)).input, { type: "text", field: "address", value: "HARBOURS" });
  assert.equal(
    told().map((each) => each.seq),
    [seq, field],
  );
});

test("the sheet that asks whether somebody is there is answered by its button alone", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("timeout"));
  await kiosk.page.locator("[data-overlay]").click({ position: { x: 5, y: 5 } });
  await kiosk.page.click('[data-action="more"]');
  await eventually("the answer", () => kiosk.gallery.inputs.length > 0);
  assert.equal(
    kiosk.gallery.inputs.map(({ input }) => input),
    [{ type: "more" }],
  );
});

test("an input that the core refuses frees the buttons at once", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("notice"));
  kiosk.gallery.answer.status = 409;
  await kiosk.page.click("[data-decline]");
  await kiosk.input(0);
  await kiosk.page.click("[data-accept]");
  assert.equal((await kiosk.input(1)).input, { type: "accept" });
});

test("every control of every view sends its input", async (t) => {
  const kiosk = await openKiosk(t);
  const cases: [fixture: string, selector: string, input: object][] = [
    ["attract", '[data-action="begin"]', { type: "action", id: "begin" }],
    ["attract", "h1", { type: "action", id: "begin" }],
    ["attract", '[data-language="zh-Hans"]', { type: "language", id: "zh-Hans" }],
    ["notice", "[data-decline]", { type: "decline" }],
    ["entry-email", "[data-skip]", { type: "skip" }],
    ["finger-again", '[data-action="again"]', { type: "action", id: "again" }],
    ["photo-waiting", '[data-action="take"]', { type: "action", id: "take" }],
    ["review", '[data-edit="address"]', { type: "edit", id: "address" }],
    // The whole line, not only its pencil.
    ["review", '[data-row="telephone"] .label', { type: "edit", id: "telephone" }],
    ["review", "[data-next]", { type: "next" }],
    ["receipt", "[data-next]", { type: "next" }],
    ["scan-waiting", '[data-action="without"]', { type: "action", id: "without" }],
    ["message-cannot", '[data-action="end"]', { type: "action", id: "end" }],
    ["review", '[data-chrome="back"]', { type: "back" }],
    ["review", '[data-chrome="help"]', { type: "help" }],
    ["review", '[data-chrome="stop"]', { type: "stop" }],
    ["help", "[data-help-close]", { type: "closeHelp" }],
    ["timeout", '[data-chrome="stop"]', { type: "stop" }],
  ];
  for (const [index, [fixture, selector, input]] of cases.entries()) {
    await kiosk.show(kiosk.fixture(fixture));
    await kiosk.page.click(selector);
    assert.equal((await kiosk.input(index)).input, input, `${fixture} ${selector}`);
  }
  assert.equal(kiosk.complaints, []);
});

test("what cannot be chosen now says why and sends nothing", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("choose"));
  const closed = kiosk.page.locator('[data-option="collection"]');
  assert.match((await closed.textContent()) ?? "", /lockers are being checked/);
  await closed.dispatchEvent("click");
  await kiosk.page.click('[data-option="one-stop"]');
  assert.equal((await kiosk.input(0)).input, { type: "choose", id: "one-stop" });
});

test("the language is chosen from any screen and the page takes its characters", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("review"));
  await kiosk.page.click('[data-chrome="language"]');
  await kiosk.page.click('[data-language="zh-Hant"]');
  assert.equal((await kiosk.input(0)).input, { type: "language", id: "zh-Hant" });
  const face = `document.documentElement.lang + " " + getComputedStyle(document.querySelector("h1")).fontFamily`;
  await kiosk.show(kiosk.fixture("review", "zh-Hant"));
  assert.match(String(await kiosk.page.evaluate(face)), /^zh-Hant-HK .*Noto Sans HK/);
  assert.is(await kiosk.page.locator("[data-overlay]").count(), 0);
  await kiosk.show(kiosk.fixture("review", "zh-Hans"));
  assert.match(String(await kiosk.page.evaluate(face)), /^zh-Hans-CN .*Noto Sans SC/);
  await kiosk.page.evaluate("document.fonts.ready");
  const loaded = `[...document.fonts].filter((font) => font.status === "loaded").map((font) => font.family).join()`;
  assert.match(String(await kiosk.page.evaluate(loaded)), /Noto Sans SC/);
});

test("a character whose font is on its way is not drawn as a box", async (t) => {
  const kiosk = await openKiosk(t);
  const faces = await kiosk.page.evaluate(`[...document.fonts].map(({ display }) => display)`);
  assert.ok((faces as string[]).length > 100, "the pieces of both Chinese fonts");
  assert.equal([...new Set(faces as string[])], ["block"]);
});

test("a rare character of a name is drawn from the whole font", async (t) => {
  const kiosk = await openKiosk(t);
  const model = kiosk.fixture("message-succeeded", "zh-Hant");
  if (model.view.kind !== "message") throw new Error("fixture");
  await kiosk.show(withView(model, { ...model.view, body: "龒" }));
  await eventually(
    "the whole font is loaded",
    () =>
      kiosk.page.evaluate(
        `[...document.fonts].some((font) => font.family.includes("Rare Traditional") && font.status === "loaded")`,
      ) as Promise<boolean>,
  );
});

test("the drawn keys type at the caret, erase, and stop at the length", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(entry(kiosk, "entry-hkic", { maxLength: 8 }));
  await touch(kiosk, "A", "1", "2", "4", "Backspace", "3", "4", "5", "6", "3");
  await kiosk.page.keyboard.press("Home");
  await kiosk.page.keyboard.press("Delete");
  await touch(kiosk, "Z", "Z");
  assert.is(await kiosk.page.inputValue("input.field"), "Z1234563");
  assert.is(await kiosk.page.textContent("#echo"), "Z");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(0)).input, { type: "text", field: "number", value: "Z1234563" });
});

test("a physical keyboard gives what the drawn one can give, no more", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(entry(kiosk, "entry-hkic", { maxLength: 8 }));
  await kiosk.page.keyboard.type("a123(4)é 56789");
  await kiosk.page.keyboard.press("Enter");
  assert.equal((await kiosk.input(0)).input, { type: "text", field: "number", value: "A1234567" });

  await kiosk.show(entry(kiosk, "entry-latin", { value: "", field: "name" }));
  await kiosk.page.keyboard.type("o'brien-chan <script>, ");
  await touch(kiosk, "Space", "A", ".");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(1)).input, {
    type: "text",
    field: "name",
    value: "O'BRIEN-CHAN SCRIPT,  A.",
  });

  await kiosk.show(entry(kiosk, "entry-email"));
  await kiosk.page.keyboard.type("Tai.Man");
  await touch(kiosk, "_", "1", "@", "x", ".com", ".hk");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(2)).input, { type: "text", field: "email", value: "tai.man_1@x.com.hk" });

  await kiosk.show(entry(kiosk, "entry-digits"));
  await touch(kiosk, "Clear", "9", "1");
  await kiosk.page.keyboard.type("a2-3");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(3)).input, { type: "text", field: "telephone", value: "9123" });
});

test("a date is typed in the order of the language and sent as year, month, day", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(entry(kiosk, "entry-date", { value: "" }));
  await touch(kiosk, "0", "5", "1", "2", "Backspace", "1", "1", "9", "4", "6");
  assert.match((await kiosk.page.textContent(".spelled")) ?? "", /5 November 1946/);
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(0)).input, { type: "text", field: "dateOfBirth", value: "1946-11-05" });

  const chinese = kiosk.fixture("entry-date", "zh-Hant");
  if (chinese.view.kind !== "entry") throw new Error("fixture");
  await kiosk.show(withView(chinese, { ...chinese.view, field: "issued", value: "" }));
  await kiosk.page.keyboard.type("20240229");
  assert.match((await kiosk.page.textContent(".spelled")) ?? "", /2024年2月29日/);
  await kiosk.page.click('[data-part="day"]');
  await touch(kiosk, "3", "0");
  assert.is((await kiosk.page.textContent(".spelled"))?.trim(), "");
  await kiosk.page.click("[data-next]");
  assert.equal((await kiosk.input(1)).input, { type: "text", field: "issued", value: "2024-02-30" });
});

test("typed text, caret and focus stay when the same field is drawn again, and only then", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(entry(kiosk, "entry-latin", { value: "" }));
  await kiosk.page.keyboard.type("HARBOUR");
  await kiosk.page.keyboard.press("ArrowLeft");
  const warned = entry(kiosk, "entry-latin", { value: "" });
  await kiosk.show({
    ...warned,
    chrome: { ...warned.chrome, timeout: { seconds: 20, title: "Still there?", more: "More time" } },
  });
  await kiosk.show(warned);
  await kiosk.page.click("input.field", { position: { x: 2, y: 2 }, trial: true });
  assert.is(await kiosk.page.inputValue("input.field"), "HARBOUR");
  assert.is(await kiosk.page.evaluate("document.activeElement.className"), "field");
  await kiosk.page.keyboard.type("X");
  assert.is(await kiosk.page.inputValue("input.field"), "HARBOUXR");
  // The core has set a value: it wins.
  await kiosk.show(entry(kiosk, "entry-latin", { value: "PEAK ROAD" }));
  assert.is(await kiosk.page.inputValue("input.field"), "PEAK ROAD");
  // Another field, and the same field in a later visit, begin with their own value.
  await kiosk.show(entry(kiosk, "entry-latin", { field: "other", value: "" }));
  assert.is(await kiosk.page.inputValue("input.field"), "");
  await kiosk.page.keyboard.type("SECRET");
  await kiosk.show(kiosk.fixture("attract"));
  await kiosk.show(entry(kiosk, "entry-latin", { field: "other", value: "" }));
  assert.is(await kiosk.page.inputValue("input.field"), "");
});

test("a signature is sent as strokes in thousandths of the pad, and can be cleared", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("sign"));
  const box = await kiosk.page.locator("[data-pad]").boundingBox();
  if (!box) throw new Error("no pad");
  const stroke = async (...points: [number, number][]) => {
    for (const [index, [x, y]] of points.entries()) {
      await kiosk.page.mouse.move(box.x + box.width * x, box.y + box.height * y);
      if (index === 0) await kiosk.page.mouse.down();
    }
    await kiosk.page.mouse.up();
  };
  await stroke([0.1, 0.1], [0.9, 0.9]);
  await kiosk.page.click("[data-clear]");
  await stroke([0.25, 0.5], [0.5, 0.25], [0.75, 1.4]);
  await stroke([0.5, 0.75]);
  // Help over the pad does not wipe it.
  await kiosk.show(kiosk.fixture("help"));
  await kiosk.show(kiosk.fixture("sign"));
  assert.is(await kiosk.page.locator("[data-pad] polyline").count(), 2);
  await kiosk.page.click("[data-next]");
  const { input } = await kiosk.input(0);
  if (input.type !== "sign") throw new Error(input.type);
  assert.is(input.strokes.length, 2);
  const near = (actual: number[] | undefined, wanted: [number, number]) =>
    assert.ok(
      actual?.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) <= 4),
      `${actual}`,
    );
  near(input.strokes[0]?.[0], [250, 500]);
  near(input.strokes[0]?.[1], [500, 250]);
  // Beyond the pad's edge is the edge.
  near(input.strokes[0]?.[2], [750, 1000]);
  near(input.strokes[1]?.[0], [500, 750]);
  // A complaint of the core begins anew.
  const model = kiosk.fixture("sign");
  if (model.view.kind !== "sign") throw new Error("fixture");
  await kiosk.show(withView(model, { ...model.view, error: "Too short. Sign again, please." }));
  assert.is(await kiosk.page.locator("[data-pad] polyline").count(), 0);
});

/** The question of the visit whether to stop, which lies over the step's own screen. */
const question = (kiosk: Kiosk): ScreenModel =>
  withView(kiosk.fixture("message-cannot"), {
    kind: "message",
    title: "Do you want to stop?",
    body: "Everything that you have entered will be erased.",
    face: "waiting",
    over: true,
    actions: [{ id: "stop.no", label: "No, go on" }],
  });

test("what is typed or signed is there again after a question, and gone with anything else", async (t) => {
  const kiosk = await openKiosk(t);
  const { page } = kiosk;
  const fields: [ScreenModel, () => Promise<void>, () => Promise<unknown>][] = [
    [
      entry(kiosk, "entry-latin", { value: "" }),
      () => page.keyboard.type("HARBOUR"),
      () => page.inputValue("input.field"),
    ],
    [
      entry(kiosk, "entry-date", { value: "" }),
      () => page.keyboard.type("0511"),
      () => page.locator("[data-typed]").getAttribute("data-typed"),
    ],
    [
      kiosk.fixture("sign"),
      () => page.click("[data-pad]"),
      () => page.locator("[data-pad] polyline").count(),
    ],
  ];
  for (const [model, fill, filled] of fields) {
    await kiosk.show(model);
    const empty = await filled();
    await fill();
    const before = await filled();
    assert.is.not(before, empty);
    await kiosk.show(question(kiosk));
    // Drawn once more, as in another language.
    await kiosk.show(question(kiosk));
    await kiosk.show(model);
    assert.is(await filled(), before);
    await kiosk.show(question(kiosk));
    await kiosk.show(kiosk.fixture("attract"));
    await kiosk.show(model);
    assert.is(await filled(), empty, "the visit has ended");
  }
});

test("a question closes the list of languages that would lie over it", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("message-cannot"));
  await kiosk.page.click('[data-chrome="language"]');
  assert.is(await kiosk.page.locator("[data-overlay]").count(), 1);
  await kiosk.show(question(kiosk));
  assert.is(await kiosk.page.locator("[data-overlay]").count(), 0);
});

test("keys are announced in the language of the screen", async (t) => {
  const kiosk = await openKiosk(t);
  const chinese = kiosk.fixture("entry-date", "zh-Hant");
  await kiosk.show(chinese);
  await touch(kiosk, "Clear");
  assert.is(await kiosk.page.textContent("#echo"), "全部刪除");
  if (chinese.view.kind !== "entry") throw new Error("fixture");
  await kiosk.show(withView(chinese, { ...chinese.view, keyboard: "digits", field: "telephone", value: "" }));
  await touch(kiosk, "1", "Clear");
  assert.is(await kiosk.page.textContent("#echo"), "全部刪除");
});

test("a pad that is full takes no more, so that what was signed can still be sent", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("sign"));
  // As a hand that taps or an arm that leans on the glass.
  const touches = (count: number, moves: number) =>
    kiosk.page.evaluate(`(() => {
      const pad = document.querySelector("[data-pad]");
      pad.setPointerCapture = () => undefined;
      const box = pad.getBoundingClientRect();
      const send = (type, step) =>
        pad.dispatchEvent(new PointerEvent(type, {
          pointerId: 1, bubbles: true,
          clientX: box.left + (step * 7) % box.width, clientY: box.top + (step * 3) % box.height,
        }));
      for (let touch = 0; touch < ${count}; touch++) {
        send("pointerdown", touch);
        for (let move = 1; move <= ${moves}; move++) send("pointermove", touch + move);
        send("pointerup", touch);
      }
    })()`);
  await touches(250, 0);
  await kiosk.page.click("[data-next]");
  const taps = (await kiosk.input(0)).input;
  if (taps.type !== "sign") throw new Error(taps.type);
  assert.is(taps.strokes.length, 200);
  assert.ok(taps.strokes.every((stroke) => stroke.length === 1));

  const model = kiosk.fixture("sign");
  if (model.view.kind !== "sign") throw new Error("fixture");
  await kiosk.show(withView(model, { ...model.view, error: "Sign again, please." }));
  await touches(3, 5_000);
  await kiosk.page.click("[data-next]");
  const lines = (await kiosk.input(1)).input;
  if (lines.type !== "sign") throw new Error(lines.type);
  assert.is(lines.strokes.length, 1, "a touch beyond the last point is no empty stroke");
  assert.is(lines.strokes[0]?.length, 4_000);
});

test("a live view keeps its element from model to model", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("photo-waiting"));
  await kiosk.page.evaluate(`document.querySelector("img").kept = true`);
  await kiosk.show(kiosk.fixture("photo-waiting"));
  assert.is(await kiosk.page.evaluate(`document.querySelector("img").kept`), true);
  await kiosk.show(kiosk.fixture("photo-again"));
  assert.is(await kiosk.page.evaluate(`document.querySelector("img").kept`), undefined);
});

test("close", closeTools);

run();
