import * as assert from "uvu/assert";
import { LANGUAGES, type View } from "../../../../runtime/core/screen/model.ts";
import { fixtures } from "../../../../tools/gallery/fixtures.ts";
import { SIZES } from "../../../../tools/gallery.ts";
import { eventually, suite } from "../../../kit.ts";
import { INSPECT } from "./inspect.ts";
import { closeTools, openKiosk } from "./kiosk.ts";

const { test, run } = suite("page layout", 90_000);

/** Every view kind of the model must be looked at; a new one without a fixture fails here. */
const KINDS = "attract choose notice entry finger photo review sign receipt scan door message wait".split(
  " ",
);

test("the fixtures hold every kind of view and every face", () => {
  const views = fixtures("en").map(({ model }) => model.view);
  for (const kind of KINDS)
    assert.ok(
      views.some((view) => view.kind === kind),
      kind,
    );
  const faces = new Set(views.flatMap((view) => ("face" in view ? [view.face] : [])));
  assert.equal([...faces].sort(), ["again", "cannot", "succeeded", "waiting", "working"]);
});

for (const { name, width, height } of SIZES) {
  for (const language of LANGUAGES) {
    test(`nothing is cut, covered, too low or too pale: ${name}, ${language}`, async (t) => {
      const kiosk = await openKiosk(t, width, height);
      const problems: string[] = [];
      for (const fixture of fixtures(language)) {
        await kiosk.show(fixture.model);
        await kiosk.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))");
        const found = (await kiosk.page.evaluate(INSPECT)) as string[];
        problems.push(...found.map((problem) => `${fixture.name}: ${problem}`));
      }
      assert.equal(problems, []);
      assert.equal(kiosk.complaints, []);
    });
  }
}

for (const { name, width, height } of SIZES) {
  test(`more than fits scrolls and says so, and the answers stay in sight: ${name}`, async (t) => {
    const kiosk = await openKiosk(t, width, height);
    const choose = kiosk.fixture("choose");
    const notice = kiosk.fixture("notice");
    const review = kiosk.fixture("review");
    const finger = kiosk.fixture("finger-again");
    if (choose.view.kind !== "choose" || notice.view.kind !== "notice") throw new Error("fixture");
    if (review.view.kind !== "review" || finger.view.kind !== "finger") throw new Error("fixture");
    const [option] = choose.view.options;
    const [row] = review.view.rows;
    if (!option || !row) throw new Error("fixture");
    const many = Array.from({ length: 14 }, (_, index) => index);
    const views: View[] = [
      { ...choose.view, options: many.map((index) => ({ ...option, id: `option-${index}` })) },
      {
        ...notice.view,
        paragraphs: many.flatMap(() => (notice.view as { paragraphs: string[] }).paragraphs),
      },
      { ...review.view, rows: many.map((index) => ({ ...row, id: `row-${index}`, value: "W".repeat(90) })) },
    ];
    const problems: string[] = [];
    for (const view of views) {
      await kiosk.show({ ...choose, view });
      await kiosk.page.waitForSelector(".has-more [data-more]");
      problems.push(
        ...((await kiosk.page.evaluate(INSPECT)) as string[]).map((each) => `${view.kind}: ${each}`),
      );
      await kiosk.page.click("[data-more]");
      await eventually(
        "the list has moved",
        () => kiosk.page.evaluate(`document.querySelector(".scroll").scrollTop > 0`) as Promise<boolean>,
      );
    }
    await kiosk.show({
      ...finger,
      view: {
        ...finger.view,
        body: `${finger.view.body} `.repeat(3),
        title: `${finger.view.title}. `.repeat(2),
      },
    });
    problems.push(...((await kiosk.page.evaluate(INSPECT)) as string[]).map((each) => `finger: ${each}`));
    assert.equal(problems, []);
  });
}

test("the inspection sees what it claims to see", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("choose"));
  await kiosk.page.evaluate(`(() => {
    const [first, second, third] = document.querySelectorAll("button.option");
    first.style.height = first.style.minHeight = "40px";
    second.style.color = "#999999";
    second.querySelector(".label").style.color = "#999999";
    third.style.marginLeft = "400px";
    document.querySelector("[data-chrome=help]").style.transform = "translateY(-1200px)";
  })()`);
  const found = ((await kiosk.page.evaluate(INSPECT)) as string[]).join("\n");
  assert.match(found, /lower than 15 mm: button\.button plain option Replace/);
  assert.match(found, /too pale, 2\.8:1: span\.label Renew/);
  assert.match(found, /cut at the side: button\.button plain option Both/);
  assert.match(found, /in the upper half: .* Help/);
});

test("the fixed buttons stand at the same place on every screen", async (t) => {
  const kiosk = await openKiosk(t);
  const places = new Set<string>();
  for (const { model } of fixtures("en")) {
    await kiosk.show(model);
    places.add(
      (await kiosk.page.evaluate(
        `JSON.stringify([...document.querySelectorAll("[data-chrome]")].map((b) => [b.dataset.chrome, b.getBoundingClientRect().toJSON()]))`,
      )) as string,
    );
  }
  assert.is(places.size, 1);
});

/** Labels of the fixed buttons that stand on more than one line, or do not fit. */
const BROKEN = `[...document.querySelectorAll("[data-chrome]")].flatMap((button) => {
  const range = document.createRange();
  range.selectNodeContents(button.querySelector(".label"));
  const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
  const cut = button.scrollWidth > button.clientWidth + 1;
  return lines.size > 1 || cut ? [innerWidth + " " + button.textContent] : [];
})`;

test("no word of the fixed buttons is broken at any width", async (t) => {
  const kiosk = await openKiosk(t);
  const broken: string[] = [];
  for (const language of LANGUAGES) {
    const chrome = kiosk.fixture("sign", language);
    await kiosk.show(chrome);
    await kiosk.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))");
    for (const width of [360, 390, 480, 560, 640, 641, 680, 720, 768, 810, 900, 1000, 1080, 1180, 1280])
      for (const height of [Math.round(width * 1.78), Math.round(width * 0.6)]) {
        await kiosk.page.setViewportSize({ width, height });
        broken.push(...((await kiosk.page.evaluate(BROKEN)) as string[]));
      }
  }
  assert.equal(broken, []);
});

test("sizes follow the density that the server states", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("sign"));
  const height = `document.querySelector("[data-next]").getBoundingClientRect().height`;
  const before = Number(await kiosk.page.evaluate(height));
  await kiosk.page.evaluate(`document.documentElement.style.setProperty("--px-per-mm", "4")`);
  assert.ok(Math.abs(Number(await kiosk.page.evaluate(height)) / before - 4 / 3.2) < 0.02);
});

test("close", closeTools);

run();
