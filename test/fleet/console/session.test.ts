import * as assert from "uvu/assert";
import { suite } from "../../kit.ts";
import { joinUnit, makeSubmission, sendSubmission, setUpCentre } from "../../support/centre.ts";
import { at, openConsole, signIn } from "../../support/console.ts";

const { test, run } = suite("console session", 120_000);

test("the next person at the same page finds nothing of the one before", async (t) => {
  const setup = await setUpCentre(t, "embedded");
  await joinUnit(t, setup);
  const open = await openConsole(t, setup, { cleo: ["loader"], dora: ["loader"] });
  const page = await open("cleo");
  await page.click(at("credential-make-kt-01"));
  await page.waitForSelector(at("credential-text-kt-01"));
  await page.click(at("nav-documents"));
  await page.click(at("sign-out"));
  await page.waitForSelector(at("login"));
  await signIn(page, "dora");
  await page.waitForSelector(`${at("view-units")} ${at("credential-make-kt-01")}`);
  assert.is(await page.locator(at("credential-kt-01")).count(), 0);
});

test("what was shown in full leaves the screen when the session ends, though nobody touches the page", async (t) => {
  const setup = await setUpCentre(t, "embedded");
  const unit = await joinUnit(t, setup);
  await sendSubmission(unit, await makeSubmission(unit, setup.centre));
  const open = await openConsole(t, setup, { anna: ["approver"] });
  const page = await open("anna");
  await page.click(at("nav-submissions"));
  await page.click(at("open-KT01-000042-7"));
  await page.click(at("unmask"));
  await page.waitForSelector(at("unmasked"));
  assert.ok((await page.content()).includes("MARKEDSURNAME"));
  const cookies = await page.context().cookies();
  setup.centre.operators.logout(cookies.find(({ name }) => name === "guichet_console")?.value);
  await page.waitForSelector(at("login"));
  assert.not.ok((await page.content()).includes("MARKEDSURNAME"));
});

test("a drawing by itself waits for a held pointer, and keeps choices and focus", async (t) => {
  const setup = await setUpCentre(t, "embedded");
  const { centre } = setup;
  await joinUnit(t, setup, "kt-01");
  const unit = await joinUnit(t, setup, "kt-02");
  await joinUnit(t, setup, "kt-03");
  await sendSubmission(unit, await makeSubmission(unit, centre));
  const [received] = await centre.applications.list();
  assert.ok(received);
  const approver = { id: "anna", name: "anna", roles: ["approver" as const] };
  assert.ok((await centre.applications.approve(received.id, approver)).ok);
  const open = await openConsole(t, setup, { ben: ["assigner"] });
  const page = await open("ben");
  await page.click(at("nav-documents"));
  const choose = page.locator(at("assign-unit-hkic-application"));
  const button = page.locator(at("assign-hkic-application"));
  await button.waitFor();
  assert.is(await choose.inputValue(), "kt-02", "where it was applied for");
  await choose.selectOption("kt-03");
  await button.focus();
  const was = await choose.elementHandle();
  assert.ok(was);
  const drawnAway = () => page.waitForFunction((one) => !(one as { isConnected?: boolean }).isConnected, was);
  const changed = () =>
    centre.context.events.emit("changed", { kind: "application", id: String(received.id) });
  changed();
  await drawnAway();
  assert.is(await choose.inputValue(), "kt-03");
  assert.ok(
    await page.evaluate("document.activeElement?.getAttribute('data-test') === 'assign-hkic-application'"),
  );
  // the other page says when a drawing would have come
  const other = await open("ben");
  await other.click(at("nav-documents"));
  await other.locator(at("assign-hkic-application")).waitFor();
  const box = await button.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  const drawn = other.waitForResponse((response) => response.url().endsWith("/api/applications"));
  changed();
  await drawn;
  await other.reload();
  await other.locator(at("assign-hkic-application")).waitFor();
  await page.mouse.up();
  await page.waitForSelector(`${at("toast")}:has-text("kt-03")`);
  await page.waitForSelector(`${at("document-state-hkic-application")}:has-text("To be loaded")`);
});

run();
