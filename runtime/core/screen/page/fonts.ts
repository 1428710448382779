/** So long after a failure a font is asked for anew, ms. */
const AGAIN_MS = 2_000;

/**
 * Fonts come from the core. The browser never repeats a request that failed while the core started anew, and a unit has no
 * other font with Chinese characters: the rules of what failed are laid anew, so that the text on the screen asks for them.
 */
export function keepFonts(): void {
  document.fonts.addEventListener("loadingerror", ({ fontfaces }) => {
    const failed = new Set(fontfaces.map(({ family, unicodeRange }) => key(family, unicodeRange)));
    window.setTimeout(() => layAnew(failed), AGAIN_MS);
  });
}

function layAnew(failed: ReadonlySet<string>): void {
  for (const sheet of document.styleSheets)
    for (const [index, rule] of [...sheet.cssRules].entries()) {
      if (!(rule instanceof CSSFontFaceRule)) continue;
      const of = (name: string) => rule.style.getPropertyValue(name);
      if (!failed.has(key(of("font-family"), of("unicode-range")))) continue;
      sheet.deleteRule(index);
      sheet.insertRule(rule.cssText, index);
    }
}

/** A face among those of one build, which all have their own family or range; without a range it is for all characters. */
const key = (family: string, range: string): string =>
  `${family.replace(/["']/g, "")} ${range || "U+0-10FFFF"}`;
