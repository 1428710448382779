import sharp from "sharp";
import type { Rectangle, Size } from "./rules.ts";

/** Longest side of what the rules look at, px. */
const WORKING_SIDE = 640;
/** Width to which a face is scaled before its sharpness is measured, so that cameras compare. */
const SHARPNESS_WIDTH = 256;
const BURNT = 250;

// One picture at a time: nothing of an earlier one is kept.
sharp.cache(false);
sharp.concurrency(1);

export interface Picture extends Size {
  /** Three bytes a pixel. */
  rgb: Buffer;
  /** Size of the JPEG by the size of this. */
  scale: number;
}

/** Decodes a JPEG to working size. Rejects when it is none. */
export async function decode(jpeg: Uint8Array): Promise<Picture> {
  const source = sharp(jpeg, { failOn: "error", limitInputPixels: 50_000_000 });
  const whole = await source.metadata();
  const { data, info } = await source
    .resize(WORKING_SIDE, WORKING_SIDE, { fit: "inside", withoutEnlargement: true })
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height, scale: whole.width / info.width };
}

/** Mean luminance (Rec. 709 weights, 0-255) and share of burnt-out pixels. */
export function light(picture: Picture, part?: Rectangle): { luma: number; burnt: number } {
  const { left, top, width, height } = part ?? { left: 0, top: 0, ...picture };
  let sum = 0;
  let burnt = 0;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const i = (y * picture.width + x) * 3;
      const value =
        0.2126 * (picture.rgb[i] ?? 0) +
        0.7152 * (picture.rgb[i + 1] ?? 0) +
        0.0722 * (picture.rgb[i + 2] ?? 0);
      sum += value;
      if (value >= BURNT) burnt++;
    }
  }
  const pixels = Math.max(1, width * height);
  return { luma: sum / pixels, burnt: burnt / pixels };
}

/**
 * Variance of the 4-neighbour Laplacian over a part, scaled to a fixed width and to a mean luminance of 128 (contrast
 * goes with light), in squared grey levels.
 */
export async function sharpness(picture: Picture, part: Rectangle): Promise<number> {
  const { data, info } = await sharp(picture.rgb, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  })
    .extract(part)
    .resize(SHARPNESS_WIDTH)
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  let sum = 0;
  let squares = 0;
  const mean = data.reduce((total, value) => total + value, 0) / data.length;
  const at = (x: number, y: number) => data[y * width + x] ?? 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const value = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
      sum += value;
      squares += value * value;
    }
  }
  const n = Math.max(1, (width - 2) * (height - 2));
  return (squares / n - (sum / n) ** 2) * (128 / Math.max(1, mean)) ** 2;
}

/** The rectangle (in pixels of the JPEG itself) as a JPEG without metadata, made smaller to `most`, never larger. */
export async function cut(jpeg: Uint8Array, part: Rectangle, most: [number, number]): Promise<Uint8Array> {
  return sharp(jpeg)
    .extract(part)
    .resize(most[0], most[1], { fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 92, chromaSubsampling: "4:4:4" })
    .toBuffer();
}
