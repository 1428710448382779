import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import * as assert from "uvu/assert";
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

test("a reader of codes reads the fault from the blocks of text", async () => {
  for (const code of ["unit.unprovisioned", "store.corrupt", "configuration.somethingWithALongName"])
    assert.is(await readCode(await photographed(qrLines(code))), code);
});

test("it fits a console of 80 columns and 25 lines and names code, meaning and remedy", () => {
  const text = page({ code: "store.corrupt", what: "w".repeat(70), todo: "Keep it out of service" });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the console's own controls
  const lines = text.replace(/\x1b\[[?0-9;]*[A-Za-z]/g, "").split("\r\n");
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

run();
