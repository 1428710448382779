import type { Browser, Page } from "playwright-core";
import { KIOSK, openBrowser } from "../e2e/person.ts";
import type { Guest } from "./guest.ts";

const ADDRESS = "/run/guichet/screen/address";
const LOOK_MS = 2_000;

/**
 * The browser of the unit, on the host: opens what its core says, as `guichet-browser` does, and stays. A unit whose screen
 * nobody has seen drawn is not in service.
 */
export class Screen {
  readonly page: Page;
  readonly #browser: Browser;
  #turn = 0;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  static async open(): Promise<Screen> {
    const browser = await openBrowser();
    // Drawings that move cost a machine without graphics more than the unit itself.
    return new Screen(browser, await browser.newPage({ viewport: KIOSK, reducedMotion: "reduce" }));
  }

  /** Shows the page of a machine that has just started, as soon as there is one; each start has an address of its own. */
  follow(guest: Guest): void {
    const turn = ++this.#turn;
    const show = async (): Promise<void> => {
      while (turn === this.#turn) {
        const { status, text } = await guest.run(`cat ${ADDRESS}`);
        if (status === 0 && (await this.#shows(text.trim()))) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    };
    // The machine went off meanwhile: the next one is followed anew.
    void show().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#turn++;
    await this.#browser.close();
  }

  #shows = (address: string): Promise<boolean> =>
    this.page
      .goto(address, { timeout: 60_000 })
      .then(() => this.page.waitForSelector("[data-view]", { timeout: 60_000 }))
      .then(
        () => true,
        () => false,
      );
}
