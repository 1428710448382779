import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import QRCode from "qrcode";
import sharp, { type Sharp } from "sharp";
import type { Person } from "../people.ts";
import type { Draw, Scene } from "../plant/index.ts";

/** The one photograph of a real face; everybody on the bench lends it, mirrored for every second person. */
const PORTRAIT = fileURLToPath(new URL("../../../test/fixtures/photos/portrait.jpg", import.meta.url));
const WALL = { r: 214, g: 217, b: 216 };
const TABLE = { r: 92, g: 98, b: 103 };
/** Frames are cut from a picture that is this much larger, each at another place: a hand and a sensor are never still. */
const PLAY = 8;
const KEPT = 8;

interface Raw {
  data: Buffer;
  width: number;
  height: number;
}

type Size = [width: number, height: number];

/** Drawn until the photograph is there: enough to look at, not to pass a photo check. */
const DRAWN_FACE = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="1000">
<rect width="800" height="1000" fill="#d6d9d8"/><path d="M120 1000q20-260 280-260t280 260z" fill="#3d5a73"/>
<rect x="330" y="600" width="140" height="180" rx="60" fill="#d9a98a"/><ellipse cx="400" cy="440" rx="190" ry="250" fill="#e6b899"/>
<path d="M205 420q-20-260 195-260t195 260q-40-150-195-150t-195 150z" fill="#3a2a22"/>
<circle cx="325" cy="430" r="22" fill="#2b2b2b"/><circle cx="475" cy="430" r="22" fill="#2b2b2b"/>
<path d="M400 450l-24 90h40" fill="none" stroke="#b88465" stroke-width="10"/>
<path d="M325 590q75 50 150 0" fill="none" stroke="#a05048" stroke-width="14"/></svg>`;

const portrait = () => sharp(existsSync(PORTRAIT) ? PORTRAIT : Buffer.from(DRAWN_FACE));

function face([width, height]: Size, mirrored: boolean): Promise<Buffer> {
  return portrait()
    .flop(mirrored)
    .resize(width, height, { fit: "cover" })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

const plain = ([width, height]: Size, background: typeof WALL) =>
  sharp({ create: { width, height, channels: 3, background } });

/** A card or telephone with a QR code, a little turned and not perfectly sharp, as people hold it. */
async function card(
  size: Size,
  text: string,
  look: { share: number; paper: string; torn: boolean },
): Promise<Buffer> {
  const side = Math.round(Math.min(...size) * look.share);
  const edge = Math.round(side * 0.08);
  const code = await QRCode.toBuffer(text, { errorCorrectionLevel: "M", margin: 4, scale: 8 });
  const matrix = await sharp(code).resize(side, side, { kernel: "nearest" }).png().toBuffer();
  const whole = side + 2 * edge;
  const tear = `<svg xmlns="http://www.w3.org/2000/svg" width="${whole}" height="${whole}">
    <path d="M${whole} ${whole * 0.15}L${whole * 0.4} ${whole * 0.5}L${whole * 0.62} ${whole * 0.72}L${whole * 0.3} ${whole}H${whole}z" fill="#5c6267"/></svg>`;
  const layers = [{ input: matrix, left: edge, top: edge }];
  if (look.torn) layers.push({ input: Buffer.from(tear), left: 0, top: 0 });
  const flat = await sharp({ create: { width: whole, height: whole, channels: 3, background: look.paper } })
    .composite(layers)
    .png()
    .toBuffer();
  return sharp(flat).rotate(3, { background: TABLE }).blur(0.5).png().toBuffer();
}

async function compose(scene: Scene, size: Size, mirrored: (person: string) => boolean): Promise<Sharp> {
  const [width, height] = size;
  switch (scene.kind) {
    case "empty":
      return plain(size, WALL);
    case "person":
      return sharp(await face(size, mirrored(scene.person)));
    case "dark":
      return sharp(await face(size, mirrored(scene.person))).linear(0.08, 0);
    case "small": {
      const small: Size = [Math.round(width * 0.3), Math.round(height * 0.3)];
      return plain(size, WALL).composite([{ input: await face(small, mirrored(scene.person)) }]);
    }
    case "twoFaces": {
      const half: Size = [Math.floor(width / 2), Math.floor(Math.min(height, width * 0.62))];
      const top = Math.floor((height - half[1]) / 2);
      return plain(size, WALL).composite([
        { input: await face(half, false), left: 0, top },
        { input: await face(half, true), left: width - half[0], top },
      ]);
    }
    case "code":
      return plain(size, TABLE).composite([
        { input: await card(size, scene.text, { share: 0.72, paper: "#ffffff", torn: scene.torn ?? false }) },
      ]);
    case "item":
      return plain(size, TABLE).composite([
        { input: await card(size, scene.code, { share: 0.5, paper: "#d9c7a0", torn: false }) },
      ]);
  }
}

/** A drawer of scenes. Keeps the last pictures uncompressed, so that a preview costs only the cutting and the JPEG. */
export function sceneDrawer(people: readonly Person[]): Draw {
  const kept = new Map<string, Promise<Raw>>();
  const mirrored = (person: string) => people.findIndex(({ id }) => id === person) % 2 === 1;

  async function base(scene: Scene, size: Size): Promise<Raw> {
    const composed = await (await compose(scene, size, mirrored)).png({ compressionLevel: 1 }).toBuffer();
    const { data, info } = await sharp(composed).removeAlpha().toColourspace("srgb").raw().toBuffer({
      resolveWithObject: true,
    });
    return { data, width: info.width, height: info.height };
  }

  return async (scene, width, height, frame) => {
    const key = JSON.stringify([scene, width, height]);
    const found = kept.get(key) ?? base(scene, [width + PLAY, height + PLAY]);
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
    const { data, ...raw } = await found;
    return sharp(data, { raw: { ...raw, channels: 3 } })
      .extract({ left: (frame * 3) % (PLAY + 1), top: (frame * 5) % (PLAY + 1), width, height })
      .linear(1, (frame % 5) - 2)
      .jpeg({ quality: 90 })
      .toBuffer();
  };
}
