import { drawing } from "../dom.ts";

/** Fingers of a right hand seen by its owner, back of the hand up: index to little. Units of the drawing. */
const FINGERS = [
  { x: 122, width: 46, tip: 96, folded: 214 },
  { x: 172, width: 48, tip: 70, folded: 206 },
  { x: 224, width: 46, tip: 92, folded: 212 },
  { x: 274, width: 40, tip: 132, folded: 232 },
];
const KNUCKLE = 300;
const THUMB = { x: 150, y: 400, long: 226, folded: 142, turn: -40 };
const PALM = "M122 300h192v84c0 46-20 62-20 112H160c0-46-38-60-38-112z";

function fingerShape(index: number, extended: boolean): string {
  const finger = FINGERS[index];
  if (!finger) return "";
  const top = extended ? finger.tip : finger.folded;
  const radius = finger.width / 2;
  return `<rect x="${finger.x}" y="${top}" width="${finger.width}" height="${KNUCKLE + 40 - top}" rx="${radius}"/>`;
}

function thumbShape(extended: boolean): string {
  const { x, y, long, folded, turn } = THUMB;
  const length = extended ? long : folded;
  return `<path d="M-46 14C-58-40-29-70-27-112V${27 - length}a27 27 0 0 1 54 0V-112C29-80 44-50 44 14z" transform="translate(${x} ${y}) rotate(${turn})"/>`;
}

/** Where the tip is, for the sensor that is drawn under it. */
function tipOf(digit: number): { x: number; y: number } {
  if (digit === 1) {
    const angle = (THUMB.turn * Math.PI) / 180;
    const reach = THUMB.long - 34;
    return { x: THUMB.x + Math.sin(angle) * reach, y: THUMB.y - Math.cos(angle) * reach };
  }
  const finger = FINGERS[digit - 2] ?? { x: 0, width: 0, tip: 0 };
  return { x: finger.x + finger.width / 2, y: finger.tip + 34 };
}

/**
 * A hand with one finger on the sensor.
 * @param position ISO/IEC 19794-2 finger position: 1 to 5 right thumb to little, 6 to 10 left thumb to little;
 *   anything else draws the right index finger.
 */
export function hand(position: number): SVGElement {
  const known = position >= 1 && position <= 10 ? position : 2;
  const left = known > 5;
  const digit = left ? known - 5 : known;
  const extended = (which: number) => which === digit;
  const parts = [
    thumbShape(extended(1)),
    ...[0, 1, 2, 3].map((index) => fingerShape(index, extended(index + 2))),
    `<path d="${PALM}"/>`,
  ].join("");
  const tip = tipOf(digit);
  const active = digit === 1 ? thumbShape(true) : fingerShape(digit - 2, true);
  const sensor = `<g transform="translate(${tip.x} ${tip.y})">
    <rect class="ink" x="-66" y="-66" width="132" height="132" rx="30"/>
    <rect class="glass" x="-50" y="-50" width="100" height="100" rx="20"/></g>`;
  const print = `<g transform="translate(${tip.x} ${tip.y})${digit === 1 ? ` rotate(${THUMB.turn})` : ""}">
    <path class="stroke-paper thin" d="M-11 8c-3-14 3-22 11-22s14 8 11 22M-4 11c-3-12 0-17 4-17s7 5 4 17"/></g>`;
  const mirror = left ? ` transform="translate(300 0) scale(-1 1)"` : "";
  const sketch = drawing(
    "-50 24 400 506",
    `<g${mirror}>${sensor}<g class="outline">${parts}</g><g class="paper">${parts}</g>
     <g class="outline-accent">${active}</g><g class="accent press">${active}</g><path class="paper" d="${PALM}"/>
     ${print}<rect class="accent-soft line-ink" x="136" y="470" width="182" height="52" rx="14"/></g>`,
    "hand",
  );
  sketch.dataset.position = String(known);
  return sketch;
}
