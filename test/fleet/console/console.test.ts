import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { joinUnit, makeSubmission, sendSubmission, setUpCentre } from "../../support/centre.ts";

const { test, run } = suite("console", 90_000);

const PASSWORD = "correct horse battery";
/** Set to a folder to keep pictures of every page. */
const PICTURES = process.env.SCREENS;

async function openBrowser(t: TestContext) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  t.after(() => browser.close());
  return browser;
}
const at = (name: string) => `[data-test="${name}"]`;

async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

test("staff sign in, see a submission arrive, open, approve, assign, and take a credential", async (t) => {
  const setup = await setUpCentre(t, "embedded");
  const { centre } = setup;
  for (const [id, name, roles] of [
    ["anna", "Anna Lam", ["approver", "officer"]],
    ["ben", "Ben Ho", ["assigner"]],
    ["cleo", "Cleo Ng", ["loader"]],
  ] as const)
    await centre.createOperator({ id, name, roles: [...roles], password: PASSWORD });
  const unit = await joinUnit(t, setup);
  await unit.publish(
    "k1/d/kt-01/up/birth",
    unit.envelope("birth", {
      nextBy: 60,
      services: { "one-stop": { offered: true }, collection: { offered: false, missing: ["lock.main"] } },
      devices: [
        { role: "finger.front", lifecycle: "ready", fitness: { state: "ok" } },
        {
          role: "lock.main",
          lifecycle: "faulted",
          fitness: { state: "failed", code: "lock.noReply", todo: "Check the cable of the lock board" },
        },
      ],
      slots: Array.from({ length: 8 }, (_, i) => ({
        slot: `0${i + 1}`,
        state: i === 2 ? "unknown" : "empty",
        latch: "locked",
        ...(i === 2 && { effect: "e-1" }),
      })),
      metrics: { "system.uptime": 4211, "hw.temperature": 24.73 },
    }),
  );
  const browser = await openBrowser(t);
  const troubles: string[] = [];
  const signIn = async (id: string, password = PASSWORD) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(centre.url);
    await page.fill(at("login-id"), id);
    await page.fill(at("login-password"), password);
    await page.click(at("login-submit"));
    return page;
  };

  const stranger = await signIn("anna", "not the password");
  await stranger.waitForSelector(`${at("login-error")}:not([hidden])`);
  assert.match((await stranger.textContent(at("login-error"))) ?? "", /Name or password is wrong/);
  await picture(stranger, "login");

  const anna = await signIn("anna");
  await anna.waitForSelector(`${at("unit-state-kt-01")}:has-text("Online")`);
  assert.match(
    (await anna.textContent(at("device-kt-01-lock.main"))) ?? "",
    /Check the cable of the lock board/,
  );
  await picture(anna, "units");
  await anna.click(at("settle-removed-03"));
  await anna.waitForSelector(`${at("toast")}:has-text("finding")`);

  await anna.click(at("nav-submissions"));
  await anna.waitForSelector(at("view-submissions"));
  const sent = await makeSubmission(unit, centre, { services: ["hkic-application", "passport-application"] });
  await sendSubmission(unit, sent);
  // it comes by itself
  await anna.waitForSelector(at("open-KT01-000042-7"));
  await picture(anna, "submissions");
  // An address that somebody made up and sent her asks for nothing but the page of that name.
  const [application] = await centre.applications.list();
  const asked: string[] = [];
  anna.on("request", (request) => request.method() === "POST" && asked.push(new URL(request.url()).pathname));
  const led = encodeURIComponent(`../applications/${application?.id}/approve?`);
  await anna.evaluate((to) => location.assign(to), `#/submission/${led}`);
  await anna.waitForSelector(at("view-units"));
  assert.equal(asked, []);
  assert.is((await centre.applications.list())[0]?.state, "received");
  await anna.click(at("nav-submissions"));
  await anna.click(at("open-KT01-000042-7"));
  await anna.waitForSelector(at("field-surname"));
  assert.not.ok((await anna.content()).includes("MARKEDSURNAME"));
  assert.is(await anna.locator(at("capture-photo")).count(), 0);
  await picture(anna, "submission-masked");
  await anna.click(at("unmask"));
  await anna.waitForSelector(at("unmasked"));
  assert.ok((await anna.content()).includes("MARKEDSURNAME"));
  for (const part of ["photo", "finger-1", "signature"])
    await eventually(`${part} is drawn`, () =>
      anna
        .locator(at(`capture-${part}`))
        .evaluate((image) => (image as { naturalWidth?: number }).naturalWidth),
    );
  await picture(anna, "submission-open");
  await anna.click(at("approve-hkic-application"));
  await anna.waitForSelector(at("item-hkic-application"));
  const item = (await anna.textContent(at("item-hkic-application"))) ?? "";
  assert.match(item, /^ITM-[0-9A-Z]{8}$/);
  // drawn anew, it is masked again
  assert.not.ok((await anna.content()).includes("MARKEDSURNAME"));
  await anna.selectOption(at("reason-passport-application"), "photoUnusable");
  await anna.click(at("refuse-passport-application"));
  await anna.waitForSelector(`${at("state-passport-application")}:has-text("Refused")`);

  const ben = await signIn("ben");
  await ben.click(at("nav-documents"));
  await ben.selectOption(at("assign-unit-hkic-application"), "kt-01");
  const voucher = new Promise<void>((resolve) => {
    unit.client.on("message", (topic) => topic.includes("/dn/auth/v-") && resolve());
  });
  await ben.click(at("assign-hkic-application"));
  await ben.waitForSelector(`${at("document-state-hkic-application")}:has-text("To be loaded")`);
  await voucher;
  await picture(ben, "documents");

  const cleo = await signIn("cleo");
  await cleo.click(at("credential-make-kt-01"));
  await cleo.waitForSelector(at("credential-text-kt-01"));
  assert.match((await cleo.textContent(at("credential-text-kt-01"))) ?? "", /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  await picture(cleo, "credential");

  await anna.click(at("nav-audit"));
  await anna.waitForSelector(at("audit-submission.unmask"));
  await picture(anna, "audit");
  assert.equal(troubles, []);
  await anna.click(at("sign-out"));
  await anna.waitForSelector(at("login"));
  assert.not.ok((await anna.content()).includes("submission.unmask"));
});

run();
