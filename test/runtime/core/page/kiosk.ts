import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Input, Language, ScreenModel, View } from "../../../../runtime/core/screen/model.ts";
import { buildPage } from "../../../../tools/build-page.ts";
import { fixtures } from "../../../../tools/gallery/fixtures.ts";
import { BROWSER, type Gallery, serveGallery } from "../../../../tools/gallery.ts";
import { eventually, type TestContext } from "../../../kit.ts";

let shared: Promise<{ browser: Browser; dir: string }> | undefined;

/** One browser and one build for a file of tests. */
export function tools(): Promise<{ browser: Browser; dir: string }> {
  shared ??= (async () => {
    const dir = await mkdtemp(join(tmpdir(), "guichet-page-"));
    await buildPage({ outDir: dir });
    return { browser: await chromium.launch(BROWSER), dir };
  })();
  return shared;
}

/** To be called in a file's last test. */
export async function closeTools(): Promise<void> {
  const { browser, dir } = await tools();
  await browser.close();
  await rm(dir, { recursive: true });
}

export interface Kiosk {
  page: Page;
  gallery: Gallery;
  /** Console errors, exceptions and violations of the content policy so far. */
  complaints: string[];
  /** Shows a model and waits until it is drawn. */
  show(model: ScreenModel): Promise<number>;
  /** The view of a fixture inside its chrome. */
  fixture(name: string, language?: Language): ScreenModel;
  /** The n-th input that the page sent, from 0, beside its touches; waits for it. */
  input(index: number): Promise<{ seq: number; input: Input }>;
}

/**
 * Opens the page on the gallery server; closed after the test.
 * The usual size is a portrait panel at two thirds, which headless Chromium draws in half the time.
 */
export async function openKiosk(t: TestContext, width = 720, height = 1280): Promise<Kiosk> {
  const { browser, dir } = await tools();
  const gallery = await serveGallery(dir);
  t.after(() => gallery.stop());
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: "reduce" });
  t.after(() => page.close());
  page.setDefaultTimeout(8_000);
  const complaints: string[] = [];
  page.on("console", (line) => {
    if (line.type() === "error" || line.type() === "warning") complaints.push(line.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(gallery.url);
  let seq = 0;
  return {
    page,
    gallery,
    complaints,
    show: async (model) => {
      seq += 1;
      gallery.show({ ...model, seq });
      await page.waitForSelector(`main[data-seq="${seq}"]`);
      return seq;
    },
    fixture: (name, language = "en") => {
      const found = fixtures(language).find((each) => each.name === name);
      if (!found) throw new Error(`no fixture ${name}`);
      return found.model;
    },
    input: (index) =>
      eventually(`input ${index}`, () => gallery.inputs.filter(({ input }) => input.type !== "more")[index]),
  };
}

/** A model with another view in the same chrome. */
export function withView(model: ScreenModel, view: View): ScreenModel {
  return { ...model, view };
}
