import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { suite } from "../../../kit.ts";

const { test, run } = suite("page tokens and fonts");
const css = readFileSync("runtime/core/screen/page/tokens.css", "utf8");

function colour(name: string): string {
  const found = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(css)?.[1];
  if (!found) throw new Error(`no colour ${name}`);
  return found;
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const part = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Words on surfaces, as the page pairs them. */
const PAIRS: [text: string, surface: string][] = [
  ["ink", "paper"],
  ["ink", "stage"],
  ["ink", "tint"],
  ["ink", "attention"],
  ["ink-soft", "paper"],
  ["ink-soft", "stage"],
  ["accent", "paper"],
  ["accent", "stage"],
  ["on-accent", "accent"],
  ["on-accent", "accent-deep"],
];

test("words stand out from what they stand on by 7:1", () => {
  assert.ok(Math.abs(contrast("#000000", "#ffffff") - 21) < 0.01);
  for (const [text, surface] of PAIRS) {
    const ratio = contrast(colour(text), colour(surface));
    assert.ok(ratio >= 7, `${text} on ${surface}: ${ratio.toFixed(2)}`);
  }
});

test("colours stand in the tokens only", () => {
  for (const name of ["base", "stage", "controls", "dock", "keys", "devices"]) {
    const style = readFileSync(`runtime/core/screen/page/styles/${name}.css`, "utf8");
    assert.not.match(style.replace(/mask-image:[^;]+;/g, ""), /#[0-9a-f]{3,6}\b|rgb\(/i, name);
  }
});

test("a person's touch size is never a token below 15 mm", () => {
  for (const name of ["touch", "button", "key", "dock-button"]) {
    const sizes = [...css.matchAll(new RegExp(`--${name}: calc\\(var\\(--mm\\) \\* ([0-9.]+)\\)`, "g"))];
    assert.ok(sizes.length > 0, name);
    for (const [, size] of sizes) assert.ok(Number(size) >= 15, `${name}: ${size}`);
  }
});

/** The characters of a whole font, from format 12 of its `cmap` table (OpenType 1.9, cmap). */
function covered(file: string): (code: number) => boolean {
  const font = readFileSync(file);
  let cmap = 0;
  for (let at = 12; at < 12 + font.readUInt16BE(4) * 16; at += 16) {
    if (font.toString("latin1", at, at + 4) === "cmap") cmap = font.readUInt32BE(at + 8);
  }
  const ranges: [number, number][] = [];
  for (let table = 0; table < font.readUInt16BE(cmap + 2); table += 1) {
    const start = cmap + font.readUInt32BE(cmap + 8 + table * 8);
    if (font.readUInt16BE(start) !== 12) continue;
    for (let group = 0; group < font.readUInt32BE(start + 12); group += 1) {
      const at = start + 16 + group * 12;
      ranges.push([font.readUInt32BE(at), font.readUInt32BE(at + 4)]);
    }
  }
  assert.ok(ranges.length > 0, file);
  return (code) => ranges.some(([from, to]) => code >= from && code <= to);
}

function missing(file: string, charset: string, lead: [number, number], trail: [number, number]): string[] {
  const has = covered(file);
  const decoder = new TextDecoder(charset);
  const out: string[] = [];
  for (let high = lead[0]; high <= lead[1]; high += 1) {
    for (let low = trail[0]; low <= trail[1]; low += 1) {
      const text = decoder.decode(Uint8Array.of(high, low));
      const code = text.codePointAt(0) ?? 0;
      if (text.length === String.fromCodePoint(code).length && /\p{Script=Han}/u.test(text) && !has(code)) {
        out.push(text);
      }
    }
  }
  return out;
}

test("Traditional: every Han character of Big5 and the Hong Kong supplement has a glyph", () => {
  assert.equal(
    missing(
      "node_modules/@embedpdf/fonts-tc/fonts/NotoSansHant-Regular.otf",
      "big5",
      [0x87, 0xfe],
      [0x40, 0xfe],
    ),
    [],
  );
});

test("Simplified: every Han character of GB 2312 has a glyph", () => {
  assert.equal(
    missing(
      "node_modules/@embedpdf/fonts-sc/fonts/NotoSansHans-Regular.otf",
      "gb18030",
      [0xb0, 0xf7],
      [0xa1, 0xfe],
    ),
    [],
  );
});

run();
