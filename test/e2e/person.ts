/// <reference lib="dom" />
import { type Browser, chromium, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import type { Person } from "../../drivers/bench/people.ts";
import type { Language } from "../../runtime/core/screen/model.ts";
import type { RunningUnit, Stack } from "../../runtime/dev/stack.ts";
import { commonTexts } from "../../tools/services.ts";
import { readCode } from "../support/codes.ts";

/** Debian's browser, without its attempts to reach the network. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });

/** What somebody before a kiosk needs of it, wherever it runs. */
export type Kiosk = Pick<Stack, "panelUrl"> & { unit: Pick<RunningUnit, "screen"> | undefined };

/** What the screen says when staff may begin. */
const STAFF_BEGIN = { exchange: "exchange.item", retrieval: "unload.which" } as const;

/** In which language staff work, and who photographs it. */
export interface Look {
  language?: Language;
  shoot?: (name: string) => Promise<void>;
}
const nothing = async (): Promise<void> => undefined;

export const KIOSK = { width: 1080, height: 1920 };

/**
 * Somebody before the kiosk: touches the page only by what can be seen on it, and does with the plant's panel what hands
 * and face would do.
 */
export class Visitor {
  readonly page: Page;
  readonly stack: Kiosk;

  constructor(page: Page, stack: Kiosk) {
    this.page = page;
    this.stack = stack;
  }

  static async come(browser: Browser, stack: Kiosk, size = KIOSK): Promise<Visitor> {
    // Drawings that move cost a machine without graphics more than the unit itself.
    const page = await browser.newPage({ viewport: size, reducedMotion: "reduce" });
    const url = await stack.unit?.screen();
    if (!url) throw new Error("no unit");
    await page.goto(url);
    return new Visitor(page, stack);
  }

  /** Waits for a kind of view; `and` narrows it by a selector inside. */
  async sees(kind: string, and = ""): Promise<void> {
    await this.page.waitForSelector(`[data-view="${kind}"] ${and}`.trim()).catch(this.#saying);
  }

  /** Kind of the view now. */
  view = (): Promise<string | null> => this.page.locator("[data-view]").first().getAttribute("data-view");

  async touch(selector: string): Promise<void> {
    const button = this.page.locator(`${selector}:not([disabled])`).first();
    await button.click().catch(this.#saying);
  }

  /** Tells with an error what stood on the screen instead. */
  #saying = async (error: Error): Promise<never> => {
    const seen = (await this.page.locator("[data-view]").first().textContent()) ?? "";
    throw new Error(
      `${error.message}\nThe screen (${await this.view()}) said: ${seen.replaceAll(/\s+/g, " ")}`,
    );
  };

  /** Reads a message and touches its button. */
  async goOn(): Promise<void> {
    await this.sees("message", "[data-action]");
    await this.touch('[data-view="message"] [data-action]');
  }

  /** Types on the keys of the page. */
  async type(text: string): Promise<void> {
    for (const c of text) await this.touch(`[data-key="${c === " " ? "Space" : c}"]`);
  }

  /** Empties the field, types, and goes on. */
  async answer(text: string): Promise<void> {
    await this.sees("entry");
    const field = this.page.locator('[data-view="entry"] input');
    const filled = (await field.count()) ? (await field.inputValue()).length : 0;
    for (let i = 0; i < filled; i++) await this.touch('[data-key="Backspace"]');
    await this.type(text);
    await this.touch("[data-next]");
  }

  async panel(path: string, body: Record<string, unknown>): Promise<void> {
    const response = await fetch(new URL(path, this.stack.panelUrl), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`panel ${path}: ${response.status} ${await response.text()}`);
  }

  show = (camera: "portrait" | "document", scene: Record<string, unknown>): Promise<void> =>
    this.panel("/scene", { camera: `camera.${camera}`, scene });
  lay = (person: string, position: number, condition = "normal"): Promise<void> =>
    this.panel("/finger", { device: "finger.front", person, position, condition });
  lift = (): Promise<void> => this.panel("/finger/lift", { device: "finger.front" });

  /** Begins at rest, and with nothing under the camera, which would be read before what is shown next: language, service. */
  async begin(service: string, language?: string): Promise<void> {
    await this.sees("attract");
    await this.show("document", { kind: "empty" });
    if (language) await this.language(language);
    await this.touch('[data-action="begin"]');
    await this.sees("choose", `[data-option="${service}"]`);
    await this.touch(`[data-option="${service}"]`);
  }

  async language(id: string): Promise<void> {
    await this.touch('[data-chrome="language"]');
    await this.touch(`[data-overlay="language"] [data-language="${id}"]`);
    await this.page.waitForFunction(
      (wanted) => document.documentElement.lang.startsWith(wanted),
      id === "en" ? "en" : id.slice(0, 2),
    );
  }

  /** Consent, number, date of birth. */
  async introduce(person: Pick<Person, "number" | "dateOfBirth">): Promise<void> {
    await this.sees("notice");
    await this.touch("[data-accept]");
    await this.sees("entry", "");
    await this.answer(person.number);
    await this.page.waitForSelector('[data-part="day"]');
    const [year, month, day] = person.dateOfBirth.split("-");
    const english = await this.page.evaluate(() => document.documentElement.lang.startsWith("en"));
    await this.type(english ? `${day}${month}${year}` : `${year}${month}${day}`);
    await this.touch("[data-next]");
  }

  /** Right thumb for the identity, then both thumbs. */
  async giveFingers(person: string, positions = [1, 1, 6], offline = false): Promise<void> {
    for (const [i, position] of positions.entries()) {
      if (offline && i === 1) {
        // the centre is away: an officer will check
        await this.goOn();
      }
      await this.page.waitForSelector(`[data-view="finger"]`);
      await this.lay(person, position);
      await this.page.waitForSelector(
        '[data-view="finger"][data-face="succeeded"], [data-view="finger"] [data-face="succeeded"]',
      );
      await this.lift();
      await this.page.waitForFunction(
        () =>
          !document.querySelector(
            '[data-view="finger"][data-face="succeeded"], [data-view="finger"] [data-face="succeeded"]',
          ),
      );
    }
  }

  async givePhoto(person: string): Promise<void> {
    await this.show("portrait", { kind: "person", person });
    await this.sees("photo");
    await this.touch('[data-action="take"]');
    await this.touch('[data-action="use"]');
  }

  async signHere(): Promise<void> {
    await this.sees("sign");
    const box = await this.page.locator("[data-pad]").boundingBox();
    if (!box) throw new Error("no pad");
    const at = (x: number, y: number): [number, number] => [box.x + box.width * x, box.y + box.height * y];
    await this.page.mouse.move(...at(0.2, 0.5));
    await this.page.mouse.down();
    for (let i = 0; i <= 20; i++) await this.page.mouse.move(...at(0.2 + i * 0.03, 0.5 + 0.2 * Math.sin(i)));
    await this.page.mouse.up();
    await this.touch("[data-next]");
  }

  /** Photographs the receipt from the screen. */
  async photographReceipt(): Promise<{ reference: string; code: string }> {
    await this.sees("receipt");
    const reference = (await this.page.locator("[data-reference]").first().textContent())?.trim() ?? "";
    const code = await readCode(await this.page.screenshot());
    if (!code) throw new Error("the receipt's code cannot be read from the screen");
    return { reference, code };
  }

  /** Has the receipt printed, and waits until the kiosk says that it lies there. */
  async printReceipt(): Promise<void> {
    await this.touch('[data-action="print"]');
    const printed = String(commonTexts().en["receipt.printed"]);
    await this.page.locator(".printing", { hasText: printed }).waitFor();
  }

  /** One whole application for a person of the bench; `print` in English. */
  async apply(
    person: Person,
    options: { service: string; language?: string; phone?: string; offline?: boolean; print?: boolean },
  ): Promise<{ reference: string; code: string }> {
    const { service } = options;
    await this.begin(service, options.language);
    await this.introduce(person);
    await this.giveFingers(person.id, [1, 1, 6], options.offline);
    await this.givePhoto(person.id);
    await this.sees("entry");
    if (options.offline) await this.answer("TESTPERSON, ADA");
    else await this.touch("[data-next]"); // the centre knew the name
    await this.page.waitForSelector('[data-view="entry"] [data-key="1"]');
    await this.answer(options.phone ?? "51234567");
    await this.page.waitForSelector("[data-skip]");
    await this.touch("[data-skip]");
    if (service !== "hkic-application") {
      await this.touch('[data-option="replacement"]');
      await this.touch('[data-option="p32"]');
    }
    await this.touch('[data-option="kiosk"]');
    await this.sees("review");
    await this.touch("[data-next]");
    await this.signHere();
    const receipt = await this.photographReceipt();
    if (options.print) await this.printReceipt();
    await this.touch("[data-next]");
    await this.sees("attract");
    return receipt;
  }

  /** Staff turn their switch, so that the kiosk shows what is theirs. */
  serviceSwitch = (active: boolean): Promise<void> =>
    this.panel("/input", { role: "switch.service", active });

  /** Staff choose what they came for, and show their credentials. */
  async #beginStaff(
    service: keyof typeof STAFF_BEGIN,
    credentials: [string, string],
    look: Look,
  ): Promise<void> {
    const { language = "en", shoot = nothing } = look;
    await this.serviceSwitch(true);
    await this.begin(service, language);
    await this.sees("scan");
    await shoot("credential");
    for (const [text, then] of [
      [credentials[0], "exchange.second"],
      [credentials[1], STAFF_BEGIN[service]],
    ] as const) {
      await this.show("document", { kind: "code", text });
      // What is shown next is read as what is asked for now.
      await this.page.locator("main", { hasText: String(commonTexts()[language][then]) }).waitFor();
      await this.show("document", { kind: "empty" });
      if (then === "exchange.second") await shoot("second-credential");
    }
  }

  async #endStaff({ shoot = nothing }: Look): Promise<void> {
    await this.sees("message", "[data-action]");
    await shoot("sum");
    await this.goOn();
    await this.serviceSwitch(false);
    await this.sees("attract");
  }

  /** Two people take back what lies in these slots. */
  async takeOut(credentials: [string, string], slots: string[], look: Look = {}): Promise<void> {
    const { language = "en", shoot = nothing } = look;
    await this.#beginStaff("retrieval", credentials, look);
    await shoot("slots");
    for (const slot of slots) {
      const option = `[data-option="slot.${slot}"]`;
      await this.touch(option);
      const [rest = ""] = String(commonTexts()[language]["unload.take"]).split("{slot}").slice(-1);
      await this.page.locator('[data-view="door"]', { hasText: rest }).waitFor();
      await shoot("take-out");
      await this.panel("/door/open", { slot });
      await this.panel("/item/take", { slot });
      await this.panel("/door/close", { slot });
      await this.sees("choose");
      assert.is(await this.page.locator(option).count(), 0, "it is not in the list");
    }
    await this.touch('[data-option="finish"]');
    await this.#endStaff(look);
  }

  /** Two people load items: credentials, then each item into the slot that lights up. */
  async loadItems(
    credentials: [string, string],
    items: string[],
    look: Look = {},
  ): Promise<Record<string, string>> {
    const { shoot = nothing } = look;
    await this.#beginStaff("exchange", credentials, look);
    await shoot("item");
    const where: Record<string, string> = {};
    for (const item of items) {
      await this.show("document", { kind: "item", code: item });
      await this.page.waitForSelector('[data-view="door"][data-face="waiting"]');
      const slot = await this.litSlot();
      where[item] = slot;
      await this.show("document", { kind: "empty" });
      await shoot("put-in");
      await this.panel("/door/open", { slot });
      await this.panel("/item/put", { slot, code: item });
      await this.panel("/door/close", { slot });
      await this.sees("scan");
    }
    await this.touch('[data-action="finish"]');
    await this.#endStaff(look);
    return where;
  }

  /** The slot that the drawing shows lit. */
  litSlot = async (): Promise<string> =>
    (await this.page
      .locator('[data-view="door"] [data-slot]:has(.slot-lit)')
      .first()
      .getAttribute("data-slot")) ?? "";

  /** Takes what lies in the slot that the screen shows, and closes the door. */
  async takeFromSlot(): Promise<string> {
    await this.page.waitForSelector('[data-view="door"][data-face="waiting"]');
    const slot = await this.litSlot();
    await this.panel("/door/open", { slot });
    await this.panel("/item/take", { slot });
    await this.panel("/door/close", { slot });
    return slot;
  }
}
