import { chromium, type Page } from "playwright-core";
import type { OperatorRole } from "../../fleet/server/index.ts";
import type { TestContext } from "../kit.ts";
import type { CentreSetup } from "./centre.ts";

export const PASSWORD = "correct horse battery";
export const at = (name: string): string => `[data-test="${name}"]`;

export async function signIn(page: Page, id: string): Promise<void> {
  await page.fill(at("login-id"), id);
  await page.fill(at("login-password"), PASSWORD);
  await page.click(at("login-submit"));
  await page.waitForSelector(at("nav-units"));
}

/** Opens pages of the console for people with these roles. */
export async function openConsole(
  t: TestContext,
  { centre }: CentreSetup,
  people: Record<string, OperatorRole[]>,
): Promise<(id: string) => Promise<Page>> {
  for (const [id, roles] of Object.entries(people)) {
    const made = await centre.createOperator({ id, name: id, roles, password: PASSWORD });
    if (!made.ok) throw made.error;
  }
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  t.after(() => browser.close());
  return async (id) => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.goto(centre.url);
    await signIn(page, id);
    return page;
  };
}
