/**
 * Images of EF01 modules: two pixels a byte, 4 bit each, the left one in the high nibble (ZFM-20 manual, UpImage).
 */
export function expandImage(packed: Uint8Array): Uint8Array {
  const out = new Uint8Array(packed.length * 2);
  packed.forEach((byte, i) => {
    out[2 * i] = (byte >> 4) * 17;
    out[2 * i + 1] = (byte & 0x0f) * 17;
  });
  return out;
}

const CELL = 16;
/** Contrast within a cell above which it counts as ridges: standard deviation in grey levels. */
const RIDGE_CONTRAST = 24;

/**
 * A simple measure of an image, 0 to 100: the share of cells with ridge-like contrast, weighted by how strong it is. It
 * says whether a finger lies well on the sensor; it is not NFIQ 2 and not comparable with it.
 */
export function imageQuality(image: Uint8Array, width: number, height: number): number {
  let good = 0;
  let cells = 0;
  for (let y = 0; y + CELL <= height; y += CELL) {
    for (let x = 0; x + CELL <= width; x += CELL) {
      cells++;
      good += Math.min(1, contrast(image, width, x, y) / RIDGE_CONTRAST / 2);
    }
  }
  return cells === 0 ? 0 : Math.round((100 * good) / cells);
}

function contrast(image: Uint8Array, width: number, x0: number, y0: number): number {
  let sum = 0;
  let squares = 0;
  for (let y = y0; y < y0 + CELL; y++) {
    for (let x = x0; x < x0 + CELL; x++) {
      const value = image[y * width + x] ?? 0;
      sum += value;
      squares += value * value;
    }
  }
  const n = CELL * CELL;
  return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}
