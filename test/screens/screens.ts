/// <reference lib="dom" />
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeReceiptCode, newCollectionKey } from "../../fleet/contract/index.ts";
import { LANGUAGES } from "../../flows/index.ts";
import { startStack } from "../../runtime/dev/stack.ts";
import { openBrowser, Visitor } from "../e2e/person.ts";
import { Staff } from "../e2e/staff.ts";
import { photographSticks } from "./sticks.ts";

/**
 * Photographs every screen of the running product in three languages at kiosk and telephone size, and what is said of
 * a stick, the console and the panel once, into docs/screens.
 */
const OUT = "docs/screens";
const SIZES = { kiosk: { width: 1080, height: 1920 }, phone: { width: 390, height: 844 } };

const data = mkdtempSync(join(tmpdir(), "guichet-screens-"));
const stack = await startStack({ data, portBase: 21_100, seed: 1, alwaysOpen: true, quiet: true });
const browser = await openBrowser();
// `ONLY=sticks` renews what the screen says of sticks and leaves the other pictures as they are.
const onlySticks = process.env.ONLY === "sticks";
if (!onlySticks) rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

async function main(): Promise<void> {
  await photographSticks(stack, browser, OUT);
  if (onlySticks) return;
  const staff = new Staff(stack, browser);
  await staff.hire();
  const receipts: { reference: string; code: string }[] = [];
  for (const language of LANGUAGES) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const visitor = await Visitor.come(browser, stack, viewport);
      let n = 0;
      const shoot = async (name: string): Promise<void> => {
        await visitor.page.evaluate(() => document.fonts.ready);
        n++;
        await visitor.page.screenshot({
          path: join(OUT, `${size}-${language}-${String(n).padStart(2, "0")}-${name}.jpg`),
          type: "jpeg",
          quality: 72,
        });
      };
      await visitor.sees("attract");
      await visitor.language(language);
      await shoot("rest");
      receipts.push(await photograph(visitor, shoot, language));
      await visitor.page.close();
    }
  }
  await collecting(staff, receipts.slice(0, 2));
}

/** One whole application, each screen photographed on the way. */
async function photograph(visitor: Visitor, shoot: (name: string) => Promise<void>, language: string) {
  const [person] = stack.bench.people;
  if (!person) throw new Error("nobody");
  await visitor.touch('[data-action="begin"]');
  await visitor.sees("choose");
  await shoot("services");
  await visitor.touch('[data-option="one-stop"]');
  await visitor.sees("notice");
  await shoot("notice");
  await visitor.touch('[data-chrome="help"]');
  await visitor.page.waitForSelector('[data-overlay="help"]');
  await shoot("help");
  await visitor.touch("[data-help-close]");
  await visitor.touch("[data-accept]");
  await visitor.sees("entry");
  await visitor.type("X12");
  await shoot("number");
  await visitor.answer(`${person.number.slice(0, -1)}${person.number.endsWith("1") ? "2" : "1"}`);
  await visitor.page.waitForSelector("#problem");
  await shoot("number-mistake");
  await visitor.answer(person.number);
  await visitor.page.waitForSelector('[data-part="day"]');
  const [year, month, day] = person.dateOfBirth.split("-");
  await visitor.type(language === "en" ? `${day}${month}${year}` : `${year}${month}${day}`);
  await shoot("date-of-birth");
  await visitor.touch("[data-next]");
  await visitor.sees("finger");
  await shoot("finger-identity");
  await visitor.lay(person.id, 1, "dry");
  await visitor.page.waitForSelector('[data-view="finger"][data-face="again"]');
  await shoot("finger-again");
  await visitor.lift();
  await visitor.giveFingers(person.id, [1]);
  await visitor.page.waitForSelector('[data-view="finger"][data-face="waiting"]');
  await shoot("finger-thumb");
  await visitor.giveFingers(person.id, [1, 6]);
  await visitor.show("portrait", { kind: "dark", person: person.id });
  await visitor.sees("photo");
  await visitor.page.waitForTimeout(1_200); // the live view's first frames
  await visitor.touch('[data-action="take"]');
  await visitor.page.waitForSelector('[data-view="photo"][data-face="again"]', { timeout: 30_000 });
  await shoot("photo-again");
  await visitor.show("portrait", { kind: "person", person: person.id });
  await visitor.page.waitForTimeout(1_200);
  await shoot("photo-live");
  await visitor.touch('[data-action="take"]');
  await visitor.page.waitForSelector('[data-action="use"]', { timeout: 30_000 });
  await shoot("photo-good");
  await visitor.touch('[data-action="use"]');
  await visitor.sees("entry");
  await shoot("name");
  await visitor.touch("[data-next]");
  await visitor.page.waitForSelector('[data-view="entry"] [data-key="1"]');
  await shoot("phone");
  await visitor.answer("51234567");
  await visitor.page.waitForSelector("[data-skip]");
  await shoot("email");
  await visitor.touch("[data-skip]");
  await visitor.sees("choose");
  await shoot("passport-kind");
  await visitor.touch('[data-option="replacement"]');
  await visitor.page.waitForSelector('[data-option="p32"]');
  await shoot("passport-pages");
  await visitor.touch('[data-option="p32"]');
  await visitor.page.waitForSelector('[data-option="kiosk"]');
  await shoot("place");
  await visitor.touch('[data-option="kiosk"]');
  await visitor.sees("review");
  await shoot("review");
  await visitor.touch("[data-next]");
  await visitor.sees("sign");
  await shoot("sign");
  await visitor.touch('[data-chrome="stop"]');
  await visitor.sees("message");
  await shoot("stop");
  await visitor.touch('[data-view="message"] [data-action]');
  await visitor.signHere();
  const receipt = await visitor.photographReceipt();
  await shoot("receipt");
  await visitor.touch("[data-next]");
  await visitor.sees("attract");
  return receipt;
}

/** What staff do at the unit, in each language; in the end all items are in their slots. */
async function staffWork(visitor: Visitor, staff: Staff, items: string[]): Promise<void> {
  const credentials = async (): Promise<[string, string]> => [
    await staff.credential("carl"),
    await staff.credential("dora"),
  ];
  for (const [index, language] of LANGUAGES.entries()) {
    let n = 60;
    const shoot = async (name: string): Promise<void> => {
      await visitor.page.evaluate(() => document.fonts.ready);
      n++;
      await visitor.page.screenshot({
        path: join(OUT, `kiosk-${language}-${n}-staff-${name}.jpg`),
        type: "jpeg",
        quality: 72,
      });
    };
    const last = index === LANGUAGES.length - 1;
    const own = last ? items.slice(index) : items.slice(index, index + 1);
    await visitor.loadItems(await credentials(), own, { language, shoot });
    await visitor.takeOut(await credentials(), [], { language, shoot });
  }
}

/** Loading and collecting, in each language, and what staff see. */
async function collecting(staff: Staff, receipts: { reference: string; code: string }[]): Promise<void> {
  const services = ["hkic-application", "passport-application"];
  const items: string[] = [];
  for (const { reference } of receipts)
    items.push(...Object.values(await staff.approve(reference, services)));
  await (await staff.console("ada")).screenshot({
    path: join(OUT, "console-submission.jpg"),
    type: "jpeg",
    quality: 72,
  });
  for (const { reference } of receipts) await staff.assign(reference, services);
  await (await staff.console("bea")).screenshot({
    path: join(OUT, "console-documents.jpg"),
    type: "jpeg",
    quality: 72,
  });
  const visitor = await Visitor.come(browser, stack);
  await staffWork(visitor, staff, items);
  await (await staff.console("emil")).screenshot({
    path: join(OUT, "console-units.jpg"),
    type: "jpeg",
    quality: 72,
  });
  for (const language of LANGUAGES) {
    let n = 40;
    const receipt = receipts[language === "zh-Hans" ? 1 : 0] ?? { reference: "", code: "" };
    const shoot = async (name: string): Promise<void> => {
      await visitor.page.evaluate(() => document.fonts.ready);
      n++;
      await visitor.page.screenshot({
        path: join(OUT, `kiosk-${language}-${n}-${name}.jpg`),
        type: "jpeg",
        quality: 72,
      });
    };
    await visitor.begin("collection", language);
    await visitor.sees("scan");
    await shoot("scan");
    await visitor.show("document", {
      kind: "code",
      text: makeReceiptCode(receipt.reference, newCollectionKey()),
    });
    await visitor.sees("message");
    await shoot("nothing-ready");
    await visitor.goOn();
    await visitor.begin("collection", language);
    await visitor.show("document", { kind: "code", text: receipt.code });
    await visitor.sees("finger");
    await shoot("collect-finger");
    await visitor.lay("ada", 1);
    await visitor.page.waitForSelector('[data-view="door"][data-face="waiting"]', { timeout: 30_000 });
    await shoot("door-open");
    await visitor.takeFromSlot();
    await visitor.page.waitForSelector('[data-view="door"][data-face="succeeded"]', { timeout: 30_000 });
    await shoot("door-taken");
    await visitor.lift();
    await visitor.touch('[data-view="door"] [data-action]');
    await visitor.page.waitForFunction(() =>
      document.querySelector('[data-view="finger"], [data-view="attract"]'),
    );
    if ((await visitor.view()) === "finger") {
      await visitor.touch('[data-chrome="stop"]');
      await visitor.touch('[data-action="stop.yes"]');
    }
    await visitor.sees("attract");
  }
  const panel = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  await panel.goto(stack.panelUrl);
  await panel.waitForTimeout(2_000); // thumbnails
  await panel.screenshot({ path: join(OUT, "panel.jpg"), type: "jpeg", quality: 72 });
}

let failed = 0;
await main().catch((error) => {
  console.error(error);
  failed = 1;
});
const made = readdirSync(OUT)
  .filter((name) => name.endsWith(".jpg"))
  .sort();
writeFileSync(
  join(OUT, "README.md"),
  `# Screens\n\nMade by \`make screens\` from the running product: every screen of an application and a collection, in three languages, at\nkiosk size (1080 x 1920) and on a telephone (390 x 844); what is said of a stick; the console and the panel once.\n\n${made.map((name) => `- [${name}](${name})`).join("\n")}\n`,
);
await browser.close();
await stack.stop();
rmSync(data, { recursive: true, force: true });
console.log(`${made.length} pictures`);
console.log(`${made.length > 0 && !failed ? 1 : 0} passed, ${failed} failed`);
process.exit(failed);
