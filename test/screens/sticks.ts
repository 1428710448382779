import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { STICK_NOTICE, STICK_STATES, STICK_WORDS } from "../../provisioning/stick/notice/index.ts";
import type { Stack } from "../../runtime/dev/stack.ts";
import { Visitor } from "../e2e/person.ts";

/** A code that goes with each state that has one. */
const CODES: Partial<Record<(typeof STICK_STATES)[number], string>> = {
  older: "bundle.older",
  otherUnit: "bundle.notForThisUnit",
  empty: "stick.empty",
  gone: "stick.gone",
  unreadable: "stick.noFat",
  notOurs: "signature.unknownKey",
  damaged: "bundle.damaged",
  notTaken: "bundle.noSpace",
  partly: "bundle.torn",
  wentBack: "bundle.notHealthy",
};

/** What the screen says of a stick, one picture for each state and language: told as the provisioner tells it. */
export async function photographSticks(stack: Stack, browser: Browser, out: string): Promise<void> {
  const visitor = await Visitor.come(browser, stack);
  await visitor.sees("attract");
  const notice = join(stack.state, STICK_NOTICE);
  for (const language of ["en", "zh-Hant", "zh-Hans"] as const) {
    await visitor.language(language);
    for (const [index, state] of STICK_STATES.entries()) {
      writeFileSync(
        `${notice}.new`,
        JSON.stringify({ v: 1, state, ...(CODES[state] ? { code: CODES[state] } : {}) }),
      );
      renameSync(`${notice}.new`, notice);
      await visitor.page.getByText(STICK_WORDS[state][language].title, { exact: true }).first().waitFor();
      await visitor.page.evaluate(() => document.fonts.ready);
      await visitor.page.screenshot({
        path: join(out, `stick-${language}-${String(index + 1).padStart(2, "0")}-${state}.jpg`),
        type: "jpeg",
        quality: 72,
      });
    }
    rmSync(notice);
    await visitor.sees("attract");
  }
  await visitor.page.close();
}
