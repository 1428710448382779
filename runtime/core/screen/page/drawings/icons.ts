import { drawing } from "../dom.ts";

const line = (d: string) => `<path class="icon-line" d="${d}"/>`;

/** Small signs for buttons; they take the colour of the words beside them. */
const ICONS = {
  back: line("M30 10 14 24l16 14M15 24h22"),
  help: `${line("M17 18a7.5 7.5 0 1 1 11 6.6c-2.700 1.600-4 3-4 6.400")}<circle class="icon-dot" cx="24" cy="38" r="2.600"/>`,
  language: `<circle class="icon-line" cx="24" cy="24" r="17"/>${line("M7 24h34M24 7c-12 11-12 23 0 34M24 7c12 11 12 23 0 34")}`,
  stop: line("M12 12l24 24M36 12 12 36"),
  erase: line("M17 10h25v28H17L5 24zM24 19l10 10M34 19 24 29"),
  down: line("M24 8v30M10 25l14 14 14-14"),
  next: line("M18 10l16 14-16 14M33 24H9"),
  edit: line("M9 39l3-11L31 9l8 8-19 19zM26 14l8 8"),
  tick: line("M8 26l11 11 21-25"),
  advice: line("M24 6v22M24 40v.500"),
} as const;

export type Icon = keyof typeof ICONS;

export function icon(name: Icon): SVGElement {
  return drawing("0 0 48 48", ICONS[name], "icon");
}

/** The mark of the product: the arched window of a counter. */
export function mark(): SVGElement {
  return drawing(
    "0 0 48 48",
    `<path class="accent" d="M6 44V22a18 18 0 0 1 36 0v22z"/><path class="paper" d="M13 34V22a11 11 0 0 1 22 0v12z"/><path class="accent" d="M19 34v-8h10v8z"/>`,
    "mark",
  );
}
