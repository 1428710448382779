import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { SIZES } from "../../../../tools/gallery.ts";
import { suite } from "../../../kit.ts";
import { closeTools, openKiosk } from "./kiosk.ts";

// The reader's program comes from the package, not from the network.
prepareZXingModule({
  overrides: {
    wasmBinary: Uint8Array.from(readFileSync("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm")).buffer,
  },
});

const { test, run } = suite("page state");

test("a core that goes away leaves nothing on the screen; a core that comes back is drawn", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("review", "zh-Hant"));
  assert.match(await kiosk.page.content(), /A123456/);
  kiosk.gallery.drop(true);
  await kiosk.page.waitForSelector('[data-view="moment"]');
  const left = await kiosk.page.content();
  assert.not.match(left, /A123456|CHAN|picture\/1/);
  assert.match(left, /請稍候/);
  assert.is(await kiosk.page.textContent("#spoken"), "請稍候");
  assert.is(await kiosk.page.locator("button").count(), 0);
  kiosk.gallery.drop(false);
  await kiosk.page.waitForSelector('[data-view="review"]');
});

test("a short interruption is not shown", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("choose"));
  await kiosk.page.evaluate(`(() => {
    window.moments = 0;
    new MutationObserver(() => {
      if (document.querySelector('[data-view="moment"]')) window.moments += 1;
    }).observe(document.getElementById("screen"), { childList: true });
  })()`);
  const before = await kiosk.page.evaluate("document.querySelector('main').dataset.seq");
  await kiosk.page.evaluate("document.querySelector('main').dataset.seq = 'old'");
  kiosk.gallery.drop(false);
  // The browser asks again by itself after some seconds; the veil may show then, but the screen comes back whole.
  await kiosk.page.waitForSelector(`main[data-seq="${before}"]`);
  assert.is(await kiosk.page.locator("[data-option]").count(), 4);
});

test("nothing of an earlier screen stays in the page", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("review"));
  await kiosk.show(kiosk.fixture("receipt"));
  await kiosk.show(kiosk.fixture("attract"));
  assert.not.match(await kiosk.page.content(), /A123456|CHAN|JAVA ROAD|WC01-000417|picture\/1/);
  const kept = await kiosk.page.evaluate(
    "JSON.stringify([localStorage.length, sessionStorage.length, document.cookie])",
  );
  assert.is(kept, '[0,0,""]');
});

test("speech is told each new screen, and the focus stands on the question", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show({ ...kiosk.fixture("choose"), spoken: "What would you like to do? Four choices." });
  assert.is(await kiosk.page.textContent("#spoken"), "What would you like to do? Four choices.");
  assert.is(await kiosk.page.evaluate("document.activeElement.tagName"), "H1");
  await kiosk.page.keyboard.press("Tab");
  await kiosk.page.keyboard.press("Tab");
  const first = "document.activeElement.dataset.option ?? document.activeElement.className";
  assert.is(await kiosk.page.evaluate(first), "hkic-application");
  await kiosk.page.keyboard.press("Enter");
  assert.equal((await kiosk.input(0)).input, { type: "choose", id: "hkic-application" });
});

test("a sheet takes the focus and shuts what is behind it", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("timeout"));
  assert.is(await kiosk.page.getAttribute("[data-overlay] section", "role"), "alertdialog");
  assert.is(await kiosk.page.evaluate("document.activeElement.dataset.action"), "more");
  assert.is(await kiosk.page.evaluate("document.querySelector('main').inert"), true);
});

test("every sheet has a name, and its text describes it", async (t) => {
  const kiosk = await openKiosk(t);
  const { page } = kiosk;
  await kiosk.show(kiosk.fixture("timeout"));
  assert.is(await page.getByRole("alertdialog", { name: "Are you still there?", exact: true }).count(), 1);
  await kiosk.show(kiosk.fixture("help"));
  assert.is(await page.getByRole("dialog", { name: "How do I sign?", exact: true }).count(), 1);
  const described = `document.getElementById(document.querySelector("[role=dialog]").getAttribute("aria-describedby")).textContent`;
  assert.match(String(await page.evaluate(described)), /Write your name with a finger/);
  await kiosk.show(kiosk.fixture("review"));
  await page.click('[data-chrome="language"]');
  assert.is(await page.getByRole("dialog", { name: "Language", exact: true }).count(), 1);
});

test("each finger has its own drawing, left hands mirrored", async (t) => {
  const kiosk = await openKiosk(t);
  const model = kiosk.fixture("finger-waiting");
  const drawings = new Set<string>();
  for (let position = 1; position <= 10; position += 1) {
    if (model.view.kind !== "finger") throw new Error("fixture");
    await kiosk.show({ ...model, view: { ...model.view, position } });
    const markup = await kiosk.page.locator(`[data-position="${position}"]`).innerHTML();
    assert.is(markup.includes("scale(-1 1)"), position > 5, `position ${position}`);
    drawings.add(markup);
  }
  assert.is(drawings.size, 10);
});

for (const { name, width, height } of SIZES) {
  test(`the receipt's code can be read from the screen, whole pixels, 60 mm or more: ${name}`, async (t) => {
    const kiosk = await openKiosk(t, width, height);
    await kiosk.show(kiosk.fixture("receipt"));
    const code = kiosk.page.locator(".qr");
    const side = Number(await code.getAttribute("width"));
    assert.ok(side >= 60 * 3.2, `${side} px`);
    const box = await code.boundingBox();
    assert.is(box?.width, side);
    assert.ok(Number.isInteger(side / Number(await code.getAttribute("data-module"))));
    const [found] = await readBarcodes(new Blob([Uint8Array.from(await kiosk.page.screenshot())]), {
      formats: ["QRCode"],
    });
    assert.match(found?.text ?? "", /^GUICHET1:HK-WC-01-000417-7:/);
  });
}

test("close", closeTools);

run();
