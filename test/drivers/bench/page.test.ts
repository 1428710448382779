import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import * as assert from "uvu/assert";
import { startBench } from "../../../drivers/bench/bench.ts";
import { eventually, suite } from "../../kit.ts";
import { CONFIG } from "./support.ts";

const { test, run } = suite("panel page", 120_000);

test("by hand: a finger, a face, a code, a door, an item, a plug, a contact", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "guichet-panel-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const bench = await startBench({ config: CONFIG, dir, seed: 1, panelPort: 0 });
  t.after(() => bench.stop());
  const { plant } = bench;
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(bench.panelUrl);

  await page.getByRole("button", { name: /^Ben/ }).click();
  await page.getByRole("button", { name: "wet", exact: true }).click();
  await page.getByRole("button", { name: "left thumb" }).click();
  const finger = () => plant.finger("finger.front");
  await eventually("the finger", () => finger() !== null);
  assert.equal([finger()?.person, finger()?.position, finger()?.condition], ["ben", 6, "wet"]);
  await page.locator('[data-finger="6"][aria-pressed="true"]').click();
  await eventually("the finger lifted", () => finger() === null);

  const camera = (role: string) => page.locator("article.camera").filter({ hasText: role });
  await camera("camera.portrait").getByRole("button", { name: "this person" }).click();
  await camera("camera.document")
    .getByPlaceholder(/^Paste/)
    .fill("GCH1:AB000123X");
  await camera("camera.document").getByRole("button", { name: "Show", exact: true }).click();
  const scene = (role: string) => plant.state().cameras[role]?.scene;
  await eventually("the code", () => scene("camera.document")?.kind === "code");
  assert.equal(scene("camera.portrait"), { kind: "person", person: "ben" });

  await page.locator('[data-slot="A1"]').click();
  await page.getByRole("button", { name: "open the door" }).click();
  await page.locator("#toast.on", { hasText: "That door is locked" }).waitFor();
  plant.energise("lock.left", 0, 500);
  await page.locator('[data-slot="A1"][data-door="ajar"]').waitFor();
  await page.getByRole("button", { name: "open the door" }).click();
  await page.locator('[data-slot="A1"][data-door="open"]').waitFor();
  await page.getByPlaceholder("Item code to lay inside").fill("DOC-1");
  await page.getByRole("button", { name: "Put", exact: true }).click();
  await page.locator('[data-slot="A1"] .item', { hasText: "DOC-1" }).waitFor();
  await page.getByRole("button", { name: "take the item" }).click();
  await eventually("the item out", () => plant.ledgerOfItems()[0]?.place === "out");
  await page.getByRole("button", { name: "close the door" }).click();
  await page.locator('[data-slot="A1"][data-door="closed"]').waitFor();
  assert.is(plant.motions().A1, 1);

  await page.locator('[data-role="plug-camera.document"]').click();
  await eventually("the plug out", () => !plant.attached("camera.document"));
  await page.locator('[data-role="door.service"]').click();
  await eventually("the service door", () => plant.state().inputs["door.service"]);
  await page.locator("#log li", { hasText: "latch springs open" }).waitFor();
  assert.equal(errors, []);
});

run();
