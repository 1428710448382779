import { drawing } from "../dom.ts";

const CARD = `<rect class="paper line-ink" x="10" y="10" width="220" height="140" rx="16"/>
  <rect class="tint" x="28" y="46" width="62" height="78" rx="8"/><circle class="accent" cx="59" cy="76" r="15"/>
  <path class="accent" d="M34 124c0-34 50-34 50 0z"/>
  <path class="stroke-ink" d="M108 56h96M108 78h70"/><path class="stroke-soft" d="M28 28h80"/>`;
const CARD_NUMBER = `<rect class="attention line-ink" x="100" y="98" width="116" height="34" rx="9"/>
  <path class="stroke-ink" d="M114 115h8M130 115h50M190 115h10"/>`;
const BOOK = `<rect class="accent" x="10" y="8" width="150" height="200" rx="14"/>
  <path class="stroke-paper" d="M26 8v200"/><circle class="no-fill stroke-paper" cx="94" cy="92" r="36"/>
  <path class="stroke-paper" d="M58 92h72M94 56c-22 22-22 50 0 72M94 56c22 22 22 50 0 72M62 162h64"/>`;

const PICTURES: Record<string, [viewBox: string, markup: string]> = {
  "id-card": ["0 0 240 160", `${CARD}<path class="stroke-accent" d="M108 116h60"/>`],
  "id-number": ["0 0 240 160", CARD + CARD_NUMBER],
  passport: ["0 0 170 216", BOOK],
  both: [
    "0 0 300 230",
    `<g transform="translate(118 4)">${BOOK}</g><g transform="translate(2 62)">${CARD}<path class="stroke-accent" d="M108 116h60"/></g>`,
  ],
  collect: [
    "0 0 200 200",
    `<rect class="paper line-ink" x="14" y="12" width="172" height="176" rx="14"/>
     <path class="stroke-soft" d="M14 70h172M14 130h172M100 12v176"/><rect class="accent" x="106" y="76" width="74" height="48" rx="6"/>
     <path class="stroke-paper" d="M143 86v24M133 101l10 11 10-11"/>`,
  ],
  staff: [
    "0 0 200 200",
    `<circle class="paper line-ink" cx="100" cy="62" r="38"/><path class="paper line-ink" d="M28 186c0-92 144-92 144 0z"/>
     <rect class="accent" x="112" y="136" width="38" height="28" rx="6"/>`,
  ],
  calendar: [
    "0 0 220 210",
    `<rect class="paper line-ink" x="12" y="26" width="196" height="172" rx="18"/><path class="accent" d="M12 78V44q0-18 18-18h160q18 0 18 18v34z"/>
     <path class="stroke-ink" d="M62 10v34M158 10v34"/><path class="stroke-soft" d="M44 108h20M100 108h20M156 108h20M44 138h20M156 138h20M44 168h20M100 168h20"/>
     <rect class="attention line-ink" x="88" y="122" width="44" height="34" rx="9"/>`,
  ],
  letter: [
    "0 0 240 180",
    `<rect class="paper line-ink" x="12" y="20" width="216" height="146" rx="16"/><path class="no-fill line-ink" d="M18 30l102 78 102-78"/>
     <circle class="accent" cx="196" cy="140" r="34"/><path class="stroke-paper" d="M180 140h30M198 127l13 13-13 13"/>`,
  ],
  phone: [
    "0 0 160 240",
    `<rect class="paper line-ink" x="24" y="10" width="112" height="220" rx="22"/><rect class="tint" x="38" y="38" width="84" height="150" rx="8"/>
     <path class="stroke-ink" d="M68 210h24"/><path class="stroke-accent" d="M56 92h48M56 114h48M56 136h30"/>`,
  ],
  write: [
    "0 0 240 190",
    `<rect class="paper line-ink" x="12" y="30" width="180" height="146" rx="16"/><path class="stroke-soft" d="M38 72h96M38 104h118"/>
     <path class="stroke-accent" d="M38 138h62"/><path class="accent line-ink" d="M112 144l8-34 84-84 26 26-84 84z"/>`,
  ],
  notice: [
    "0 0 200 220",
    `<path class="paper line-ink" d="M24 12h112l42 42v154H24z"/><path class="stroke-soft" d="M52 76h92M52 104h92M52 132h60"/>
     <path class="tint line-ink" d="M136 12v42h42"/><circle class="accent" cx="146" cy="172" r="36"/><path class="stroke-paper" d="M129 173l12 12 22-26"/>`,
  ],
  ways: [
    "0 0 260 220",
    `<path class="paper line-ink" d="M118 20h24v190h-24z"/><path class="accent" d="M64 36h138l32 29-32 29H64z"/>
     <path class="paper line-ink" d="M198 112H62l-30 28 30 28h136z"/><path class="stroke-paper" d="M92 65h84"/><path class="stroke-accent" d="M84 140h84"/>`,
  ],
  sign: [
    "0 0 260 190",
    `<rect class="paper line-ink" x="12" y="34" width="200" height="142" rx="16"/><path class="stroke-soft" d="M36 144h152"/>
     <path class="stroke-accent" d="M40 124c16-40 34-56 40-44 8 16-30 50-18 54 16 4 26-48 40-48 10 0-8 38 6 40 12 2 20-26 36-40"/>
     <path class="accent line-ink" d="M138 100l8-34 66-62 26 26-66 62z"/>`,
  ],
  photo: [
    "0 0 200 200",
    `<path class="paper line-ink" d="M18 60h38l14-24h60l14 24h38v112H18z"/><circle class="tint line-ink" cx="100" cy="112" r="38"/><circle class="accent" cx="100" cy="112" r="18"/>`,
  ],
};

/** A drawing by its name in a model; none for a name that is not known. */
export function picture(name: string | undefined): SVGElement | undefined {
  const found = name === undefined ? undefined : PICTURES[name];
  return found ? drawing(found[0], found[1], "picture") : undefined;
}

/** The first screen: the counter's window, open, with a card and a passport on its sill. */
export function counterWindow(): SVGElement {
  return drawing(
    "0 0 640 520",
    `<path class="deep" d="M70 470V270a250 250 0 0 1 500 0v200z"/><path class="tint" d="M110 470V270a210 210 0 0 1 420 0v200z"/>
     <circle class="accent-soft" cx="320" cy="236" r="92"/><path class="accent-soft" d="M150 470c0-190 340-190 340 0z"/>
     <path class="tint" d="M110 402h420v68H110z"/><rect class="paper" x="30" y="436" width="580" height="54" rx="14"/>
     <g transform="translate(352 236) rotate(8)">${BOOK}</g>
     <g transform="translate(118 282) rotate(-7) scale(1.050)">${CARD}<path class="stroke-accent" d="M108 116h60"/></g>`,
    "window",
  );
}
