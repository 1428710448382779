export type Encoding = "gb18030" | "big5";

const tables = new Map<Encoding, ReadonlyMap<string, number>>();
const UNKNOWN = 0x3f;

/** Two-byte codes by character, made once by reading every pair of bytes the other way. */
function tableOf(encoding: Encoding): ReadonlyMap<string, number> {
  const made = tables.get(encoding);
  if (made) return made;
  const decoder = new TextDecoder(encoding, { fatal: true });
  const table = new Map<string, number>();
  for (let high = 0x81; high <= 0xfe; high++) {
    for (let low = 0x40; low <= 0xfe; low++) {
      if (low === 0x7f) continue;
      try {
        const text = decoder.decode(Uint8Array.of(high, low));
        if ([...text].length === 1 && !table.has(text)) table.set(text, (high << 8) | low);
      } catch {
        // No character has this pair.
      }
    }
  }
  tables.set(encoding, table);
  return table;
}

/**
 * Bytes of a text for the printer's fonts: ASCII as it is, Chinese as two bytes, `?` for what its font does not have. No byte
 * is a control code: those would be commands, some of which act in the middle of data.
 */
export function encode(text: string, encoding: Encoding): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? UNKNOWN;
    if (point >= 0x20 && point < 0x7f) bytes.push(point);
    else if (point < 0xa0) bytes.push(0x20);
    else {
      const pair = tableOf(encoding).get(character);
      if (pair === undefined) bytes.push(UNKNOWN);
      else bytes.push(pair >> 8, pair & 0xff);
    }
  }
  return bytes;
}

/** Lines of a text that fit: words stay whole where they can, Chinese breaks anywhere and takes two columns. */
export function wrap(text: string, columns: number): string[] {
  const width = (part: string) =>
    [...part].reduce((sum, c) => sum + ((c.codePointAt(0) ?? 0) < 0x7f ? 1 : 2), 0);
  const lines: string[] = [];
  let line = "";
  const end = () => {
    lines.push(line.trimEnd());
    line = "";
  };
  // A run of narrow characters up to its space, or one wide character.
  for (const word of text.match(/[!-~]+ *| +|[^ -~]/g) ?? []) {
    if (width(line) + width(word.trimEnd()) > columns && line !== "") end();
    for (const character of word) {
      if (width(line) + width(character) > columns) end();
      if (line !== "" || character !== " ") line += character;
    }
  }
  if (line !== "" || lines.length === 0) end();
  return lines;
}
