import type { Browser, Page } from "playwright-core";
import type { Stack } from "../../runtime/dev/stack.ts";

export const PASSWORD = "correct horse battery";
const PEOPLE = [
  ["ada", "Ada Approver", ["approver", "admin"]],
  ["bea", "Bea Assigner", ["assigner"]],
  ["carl", "Carl Loader", ["loader"]],
  ["dora", "Dora Loader", ["loader"]],
  ["emil", "Emil Officer", ["officer"]],
] as const;

const at = (name: string): string => `[data-test="${name}"]`;

/** The staff of the centre, each with a browser window of their own. */
export class Staff {
  readonly #stack: Pick<Stack, "centre" | "consoleUrl">;
  readonly #browser: Browser;
  readonly #pages = new Map<string, Page>();

  constructor(stack: Pick<Stack, "centre" | "consoleUrl">, browser: Browser) {
    this.#stack = stack;
    this.#browser = browser;
  }

  async hire(): Promise<void> {
    for (const [id, name, roles] of PEOPLE) {
      const made = await this.#stack.centre.createOperator({
        id,
        name,
        roles: [...roles],
        password: PASSWORD,
      });
      if (!made.ok) throw made.error;
    }
  }

  /** The console of one of them, signed in. */
  async console(id: (typeof PEOPLE)[number][0]): Promise<Page> {
    const known = this.#pages.get(id);
    if (known) return known;
    const page = await (await this.#browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await page.goto(this.#stack.consoleUrl);
    await page.fill(at("login-id"), id);
    await page.fill(at("login-password"), PASSWORD);
    await page.click(at("login-submit"));
    await page.waitForSelector(at("nav-units"));
    this.#pages.set(id, page);
    return page;
  }

  /** Opens a submission and approves everything in it; answers the item codes by service. */
  async approve(reference: string, services: string[]): Promise<Record<string, string>> {
    const page = await this.console("ada");
    await page.click(at("nav-submissions"));
    await page.click(at(`open-${reference}`));
    const items: Record<string, string> = {};
    for (const service of services) {
      await page.click(at(`approve-${service}`));
      await page.waitForSelector(at(`item-${service}`));
      items[service] = (await page.textContent(at(`item-${service}`)))?.trim() ?? "";
    }
    return items;
  }

  /** Assigns the documents of a reference to the unit. */
  async assign(reference: string, services: string[], unit = "kt-01"): Promise<void> {
    const page = await this.console("bea");
    await page.click(at("nav-documents"));
    for (const service of services) {
      const row = page.locator(at(`document-${reference}-${service}`));
      await row.locator(at(`assign-unit-${service}`)).selectOption(unit);
      await row.locator(at(`assign-${service}`)).click();
      await page.waitForSelector(
        `${at(`document-${reference}-${service}`)} ${at(`document-state-${service}`)}:has-text("To be loaded")`,
      );
    }
  }

  /** The text of a loader's credential, as its QR code says it. */
  async credential(id: "carl" | "dora", unit = "kt-01"): Promise<string> {
    const page = await this.console(id);
    await page.click(at("nav-units"));
    await page.click(at(`credential-make-${unit}`));
    await page.waitForSelector(at(`credential-text-${unit}`));
    return (await page.textContent(at(`credential-text-${unit}`)))?.trim() ?? "";
  }

  /** The officer releases what somebody asks for at the unit. */
  async release(unit = "kt-01"): Promise<void> {
    const page = await this.console("emil");
    await page.click(at("nav-units"));
    await page.click(at(`release-${unit}`));
  }

  /** Waits until the console shows the outcome of a document. */
  async sees(reference: string, service: string, text: string): Promise<void> {
    const page = await this.console("bea");
    await page.click(at("nav-documents"));
    await page.waitForSelector(`${at(`document-${reference}-${service}`)}:has-text("${text}")`);
  }
}
