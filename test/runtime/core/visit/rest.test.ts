import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { loadServices } from "../../../../runtime/core/visit/services.ts";
import { suite, type TestContext } from "../../../kit.ts";
import { stateFolder } from "../../../support/office.ts";
import { settled, Unit } from "./fakes.ts";

/** Before a visit: what one person does to the screen is not left to the next. */
const { test, run } = suite("visit: rest and the list of services");
const APPLY = ["hkic-application"];

test("a language that was chosen and help that was opened at rest go back after a while", async () => {
  const unit = await Unit.open(APPLY);
  const before = unit.now.language;
  await unit.send({ type: "language", id: "zh-Hant" });
  await unit.clock.advance(40_000);
  await unit.send({ type: "help" });
  await unit.clock.advance(40_000);
  assert.is(unit.now.language, "zh-Hant", "each touch gives more time");
  assert.ok(unit.now.chrome.help);
  await unit.clock.advance(25_000);
  assert.is(unit.now.language, before);
  assert.is(unit.now.chrome.help, undefined);
  assert.is(unit.view.kind, "attract");
});

test("the list of services asks before it goes back to rest, also while help is read", async () => {
  for (const help of [false, true]) {
    const unit = await Unit.open(APPLY);
    await unit.send({ type: "action", id: "begin" });
    if (help) await unit.send({ type: "help" });
    await unit.clock.advance(58_000);
    assert.is(unit.now.chrome.timeout, undefined);
    await unit.clock.advance(7_000);
    const { seq, chrome } = unit.models.at(-1) ?? unit.now;
    // Told once; the page counts by itself.
    assert.is(chrome.timeout?.seconds, 20);
    await unit.clock.advance(3_000);
    unit.reception.input(seq, { type: "more" });
    await settled();
    assert.is(unit.now.chrome.timeout, undefined);
    assert.is(unit.view.kind, "choose");
    await unit.clock.advance(70_000);
    assert.is(unit.view.kind, "choose");
    await unit.clock.advance(12_000);
    assert.is(unit.view.kind, "attract");
    assert.is(unit.now.chrome.help, undefined);
  }
});

test("a choice made while the list counts down is taken", async () => {
  const unit = await Unit.open(APPLY);
  await unit.send({ type: "action", id: "begin" });
  const { seq } = unit.now;
  await unit.clock.advance(65_000);
  assert.ok(unit.now.chrome.timeout && unit.now.seq > seq);
  unit.reception.input(seq, { type: "choose", id: "hkic-application" });
  await unit.walk(
    (view) => view.kind === "notice",
    () => undefined,
  );
});

/** The services of the repository with one text changed, in every language. */
function withText(t: TestContext, service: string, key: string, text: string): string {
  const folder = stateFolder(t);
  cpSync("flows/services", folder, { recursive: true });
  for (const language of ["en", "zh-Hant", "zh-Hans"]) {
    const path = join(folder, service, `texts.${language}.json`);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), [key]: text }));
  }
  return folder;
}

test("an apostrophe or a number sign in any text that is shown before a visit can be said at once", async (t) => {
  const [id = ""] = APPLY;
  for (const key of ["service.title", "service.detail"]) {
    const unit = await Unit.open(APPLY, withText(t, id, key, "Don't forget your receipt"));
    assert.is(unit.models.length, 1);
    const { services } = unit.view as Extract<typeof unit.view, { kind: "attract" }>;
    const said = key === "service.title" ? services[0]?.label : services[0]?.detail;
    assert.is(said, "Don't forget your receipt");
  }
  for (const key of ["attract.title", "pick.title", "ui.back", "help.body"]) {
    const unit = await Unit.open(APPLY, withText(t, "common", key, "Counter #3 isn't far"));
    await unit.send({ type: "help" });
    await unit.send({ type: "action", id: "begin" });
    assert.is(unit.view.kind, "choose", key);
    const said = JSON.stringify(unit.models);
    assert.ok(said.includes("Counter #3 isn't far"), key);
  }
});

test("a title that cannot be said takes its service away, not the unit", async (t) => {
  const [id = ""] = APPLY;
  const { broken, services } = await loadServices(withText(t, id, "service.title", "Renew {your"), APPLY);
  assert.equal([broken, services], [APPLY, []]);
  const common = withText(t, "common", "attract.title", "Welcome {you");
  const refused = await loadServices(common, APPLY).catch(({ code }) => code);
  assert.is(refused, "service.broken");
});

run();
