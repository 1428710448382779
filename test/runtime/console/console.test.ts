import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { bundleFault } from "../../../provisioning/bundle/index.ts";
import { noticeFor, STICK_NOTICE, STICK_STATES } from "../../../provisioning/stick/notice/index.ts";
import { noticeOf } from "../../../runtime/console/console.ts";
import { page, qrLines } from "../../../runtime/console/page.ts";
import { faultFile } from "../../../runtime/ipc/index.ts";
import { suite } from "../../kit.ts";
import { readCode } from "../../support/codes.ts";

const { test, run } = suite("the page on the bare console");

/** The lines as a console shows them: black on white, half a cell a module, cells twice as high as wide. */
async function photographed(lines: readonly string[]): Promise<Buffer> {
  const [cell, width, height] = [6, lines[0]?.length ?? 0, lines.length * 2];
  const pixels = Buffer.alloc(width * cell * height * cell, 255);
  lines.forEach((line, row) => {
    [...line].forEach((block, column) => {
      const halves = [block === "\u2588" || block === "\u2580", block === "\u2588" || block === "\u2584"];
      halves.forEach((dark, half) => {
        for (let y = 0; dark && y < cell; y++) {
          const start = ((row * 2 + half) * cell + y) * width * cell + column * cell;
          pixels.fill(0, start, start + cell);
        }
      });
    });
  });
  return sharp(pixels, { raw: { width: width * cell, height: height * cell, channels: 1 } })
    .extend({ top: 20, bottom: 20, left: 20, right: 20, background: "#444" })
    .png()
    .toBuffer();
}

/** What stands on the console, line by line. */
const shown = (text: string): string[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the console's own controls
  text.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, "").split("\r\n");

test("a reader of codes reads the fault from the blocks of text", async () => {
  for (const code of ["unit.unprovisioned", "store.corrupt", "configuration.somethingWithALongName"])
    assert.is(await readCode(await photographed(qrLines(code))), code);
});

test("it fits a console of 80 columns and 25 lines and names code, meaning and remedy", () => {
  const text = page({ code: "store.corrupt", what: "w".repeat(70), todo: "Keep it out of service" });
  const lines = shown(text);
  assert.ok(lines.length <= 25, String(lines.length));
  assert.ok(lines.every((line) => line.length < 80));
  assert.match(text, /OUT OF SERVICE[\s\S]*www\.[\s\S]*Keep it out of service\.[\s\S]*store\.corrupt/);
});

test("it says why: unprovisioned, the first process that left a fault, and otherwise that it starts", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-console-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  assert.is((await noticeOf(state)).code, "unit.unprovisioned");
  mkdirSync(join(state, "config"));
  writeFileSync(join(state, "config", "unit.json"), "{}");
  assert.is((await noticeOf(state)).code, "core.away");
  const leave = (process: string, fault: object) => {
    const path = faultFile(state, process);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(fault));
  };
  leave("core", { code: "store.corrupt", what: "a", todo: "b" });
  assert.equal(await noticeOf(state), { code: "store.corrupt", what: "a", todo: "b" });
  leave("vault", { code: "schema.mismatch", what: "c", todo: "d" });
  assert.is((await noticeOf(state)).code, "schema.mismatch");
  leave("vault", { code: 7 });
  assert.is((await noticeOf(state)).code, "store.corrupt");
});

test("while a stick is in the port it says what became of it, in a technician's words and with its code", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-console-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const file = join(state, STICK_NOTICE);
  const tell = (notice: object) => writeFileSync(file, JSON.stringify({ v: 1, ...notice }));
  tell(noticeFor([], bundleFault("notForThisUnit")));
  const other = await noticeOf(state);
  assert.equal([other.code, other.what], ["bundle.notForThisUnit", "Not for this unit"]);
  assert.match(other.todo, /^What is on the stick is for another unit.* You may take the stick out$/);
  tell(noticeFor([], bundleFault("notHealthy")));
  assert.equal(
    [(await noticeOf(state)).code, (await noticeOf(state)).what],
    ["bundle.notHealthy", "The unit went back"],
  );
  // What no fault stands behind is named by itself; whoever approves the first certificate compares the key.
  tell({ state: "trying" });
  const trying = shown(page(await noticeOf(state)))
    .join(" ")
    .replace(/ +/g, " ");
  assert.match(
    trying,
    /The unit is being changed\. It starts again .* Please leave the stick in\. stick\.trying /,
  );
  tell({ state: "accepted", key: "K".repeat(43) });
  assert.match((await noticeOf(state)).todo, /its key: K{43}$/);
  for (const outcome of STICK_STATES) {
    tell({ state: outcome, code: "bundle.wrongCertificate", key: "K".repeat(43) });
    const lines = shown(page(await noticeOf(state)));
    assert.ok(lines.length <= 25 && lines.every((line) => line.length < 80), outcome);
  }
  writeFileSync(file, "{");
  assert.is((await noticeOf(state)).code, "unit.unprovisioned", "half a word is none");
  rmSync(file);
  assert.is((await noticeOf(state)).code, "unit.unprovisioned", "the stick is out");
});

run();
