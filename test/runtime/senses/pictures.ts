import { fileURLToPath } from "node:url";
import QRCode from "qrcode";
import sharp, { type Sharp } from "sharp";

/** A photograph of a real face, 640 x 800; its source is stated beside it. */
export const PORTRAIT = fileURLToPath(new URL("../../fixtures/photos/portrait.jpg", import.meta.url));
const SIZE = { width: 640, height: 800 };
const WALL = { r: 206, g: 203, b: 204 };
const wall = () => sharp({ create: { ...SIZE, channels: 3, background: WALL } });
const jpeg = (image: Sharp) => image.jpeg({ quality: 90 }).toBuffer();

/** The photograph and what is computed from it. */
export const pictures = {
  good: () => jpeg(sharp(PORTRAIT)),
  empty: () => jpeg(wall()),
  dark: () => jpeg(sharp(PORTRAIT).linear(0.1, 0)),
  bright: () => jpeg(sharp(PORTRAIT).linear(1.6, 60)),
  blurred: () => jpeg(sharp(PORTRAIT).blur(2)),
  small: async () =>
    jpeg(wall().composite([{ input: await sharp(PORTRAIT).resize(224, 280).png().toBuffer() }])),
  twoFaces: async () => {
    const half = await sharp(PORTRAIT).resize(320, 400).png().toBuffer();
    const other = await sharp(half).flop().toBuffer();
    return jpeg(
      wall().composite([
        { input: half, left: 0, top: 200 },
        { input: other, left: 320, top: 200 },
      ]),
    );
  },
  rolled: async () =>
    jpeg(
      wall().composite([
        {
          input: await sharp(await sharp(PORTRAIT).rotate(15, { background: WALL }).toBuffer())
            .resize(SIZE.width, SIZE.height, { fit: "cover" })
            .png()
            .toBuffer(),
        },
      ]),
    ),
  aside: async () => jpeg(sharp(PORTRAIT).extract({ left: 120, top: 0, width: 520, height: 800 })),
  close: async () =>
    jpeg(sharp(PORTRAIT).extract({ left: 120, top: 130, width: 400, height: 500 }).resize(640, 800)),
};

/**
 * A QR code on a card, a little turned and soft, as people hold it.
 * @param held degrees that it is turned, and sigma of the blur in px where a module of the code has 8
 */
export async function codePicture(
  text: string,
  torn = false,
  held = { turn: 4, blur: 0.6 },
): Promise<Buffer> {
  const code = await QRCode.toBuffer(text, { errorCorrectionLevel: "M", margin: 4, scale: 8 });
  const { width = 0 } = await sharp(code).metadata();
  const tear = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width}"><path d="M${width} 0L${width * 0.3} ${width * 0.3}V${width}H${width}z" fill="#5c6267"/></svg>`;
  const card = torn
    ? await sharp(code)
        .composite([{ input: Buffer.from(tear) }])
        .toBuffer()
    : code;
  return sharp(card)
    .rotate(held.turn, { background: "#5c6267" })
    .blur(held.blur)
    .jpeg({ quality: 85 })
    .toBuffer();
}
