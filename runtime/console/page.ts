import { create } from "qrcode";

/** What the console says: a code, what it means, and what to do. */
export interface Notice {
  code: string;
  what: string;
  todo: string;
}

const CLEAR = "\x1b[0m\x1b[2J\x1b[H\x1b[?25l";
/** White paper, black modules: the colours a reader of codes expects, whatever those of the console are. */
const PAPER = "\x1b[30;47m";
const PLAIN = "\x1b[0m";
const WIDTH = 78;
const QUIET = 2;

/** The whole page for a text console of 80 columns and 25 lines, with all that clears it before. */
export function page({ code, what, todo }: Notice): string {
  const lines = [
    // In English only: the kernel's console has no other letters.
    "   OUT OF SERVICE",
    "",
    ...wrapped(`${what}.`),
    ...wrapped(`${todo}.`),
    "",
    `   ${code}`,
    "",
    ...qrLines(code).map((line) => `   ${PAPER}${line}${PLAIN}`),
  ];
  return `${CLEAR}${lines.join("\r\n")}`;
}

/** A QR code in half blocks, two rows of modules a line, on white with its quiet zone. */
export function qrLines(text: string): string[] {
  const { data, size } = create(text, { errorCorrectionLevel: "L" }).modules;
  const dark = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < size && column < size && data[row * size + column] === 1;
  const lines: string[] = [];
  for (let row = -QUIET; row < size + QUIET; row += 2) {
    let line = "";
    for (let column = -QUIET; column < size + QUIET; column++)
      line += [" ", "\u2584", "\u2580", "\u2588"][
        (dark(row, column) ? 2 : 0) + (dark(row + 1, column) ? 1 : 0)
      ];
    lines.push(line);
  }
  return lines;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "  ";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "  ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
