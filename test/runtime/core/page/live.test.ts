import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as assert from "uvu/assert";
import type { Input, ScreenModel } from "../../../../runtime/core/screen/model.ts";
import { ScreenServer } from "../../../../runtime/core/screen/server.ts";
import { fixtures } from "../../../../tools/gallery/fixtures.ts";
import { eventually, suite } from "../../../kit.ts";
import { closeTools, openKiosk, tools } from "./kiosk.ts";

const { test, run } = suite("page live view");
/** The smallest picture that a browser draws. */
const JPEG = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
  "base64",
);

test("however often a photo is taken anew, the page keeps one live view open and its presses arrive", async (t) => {
  const { browser, dir } = await tools();
  const inputs: Input[] = [];
  const waiting = fixtures("en").find(({ name }) => name === "photo-waiting")?.model;
  const taken = fixtures("en").find(({ name }) => name === "photo-succeeded")?.model;
  if (!waiting || !taken) throw new Error("fixture");
  let model: ScreenModel = { ...taken, seq: 0 };
  const server = new ScreenServer({
    assets: dir,
    port: 0,
    pxPerMm: 3.2,
    model: () => model,
    onInput: (_seq, input) => input.type === "more" || inputs.push(input),
    health: () => ({}),
  });
  const url = await server.listen();
  t.after(() => server.close());
  const page = await browser.newPage({ viewport: { width: 720, height: 1280 }, reducedMotion: "reduce" });
  t.after(() => page.close());
  let open = 0;
  let most = 0;
  const begun = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (!request.url?.startsWith("/preview/")) return;
    open += 1;
    most = Math.max(most, open);
    response.once("close", () => {
      open -= 1;
    });
  };
  subscribe("http.server.request.start", begun);
  t.after(async () => void unsubscribe("http.server.request.start", begun));
  await page.goto(url);
  const frames = setInterval(() => server.frame("portrait", JPEG), 20);
  t.after(async () => clearInterval(frames));
  const show = async (next: ScreenModel) => {
    model = { ...next, seq: model.seq + 1 };
    server.push(model);
    await page.waitForSelector(`main[data-seq="${model.seq}"]`);
  };
  for (let attempt = 0; attempt < 8; attempt++) {
    await show(waiting);
    await eventually("the live view", () => open === 1);
    await show(waiting);
    await show(taken);
    await eventually("no live view is open", () => open === 0);
  }
  assert.is(most, 1, "a screen that is drawn again loads no second one");
  await page.click('[data-action="again"]');
  await eventually("the press has arrived", () => inputs.length === 1);
  assert.equal(inputs, [{ type: "action", id: "again" }]);
});

test("an image that is not drawn any more loads nothing, whatever the server does", async (t) => {
  const kiosk = await openKiosk(t);
  await kiosk.show(kiosk.fixture("photo-waiting"));
  await kiosk.page.evaluate(`window.live = document.querySelector("img")`);
  const src = () => kiosk.page.evaluate(`window.live.getAttribute("src")`);
  await kiosk.show(kiosk.fixture("photo-waiting"));
  assert.is(await src(), "/preview/portrait");
  await kiosk.show(kiosk.fixture("photo-succeeded"));
  assert.is(await src(), null);
  await kiosk.show(kiosk.fixture("photo-waiting"));
  await kiosk.page.evaluate(`window.live = document.querySelector("img")`);
  kiosk.gallery.drop(true);
  await kiosk.page.waitForSelector('[data-view="moment"]');
  assert.is(await src(), null);
});

test("a font that could not be had is asked for until it comes", async (t) => {
  const kiosk = await openKiosk(t);
  const { page } = kiosk;
  const asked: string[] = [];
  let away = true;
  await page.route("**/fonts/**", (route) => {
    asked.push(route.request().url());
    return away ? route.abort() : route.continue();
  });
  await page.reload();
  await kiosk.show(kiosk.fixture("attract"));
  const faces = (status: string) =>
    page.evaluate(`[...document.fonts].filter((each) => each.status === "${status}").length`);
  await eventually("a second request for a font", () => new Set(asked).size < asked.length);
  assert.ok(Number(await faces("error")) + Number(await faces("loading")) > 0);
  away = false;
  const failed = new Set(asked);
  asked.length = 0;
  await eventually(
    "all that is shown has its font",
    async () => asked.length > 0 && (await faces("loading")) === 0 && (await faces("error")) === 0,
  );
  for (const name of ["atkinson", "noto-sans-hk", "noto-sans-sc"])
    assert.ok(
      asked.some((url) => url.includes(name)),
      name,
    );
  assert.ok(asked.every((url) => failed.has(url)));
});

test("close", closeTools);

run();
