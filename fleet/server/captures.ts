import { Type } from "@sinclair/typebox";
import { parseJson } from "../../drivers/kit/index.ts";
import type { PacketContent } from "../contract/index.ts";

type Capture = PacketContent["captures"][number];

/** Strokes in 0 to 1000 of the pad's width and height. */
const Stroke = Type.Array(
  Type.Tuple([Type.Number({ minimum: 0, maximum: 1000 }), Type.Number({ minimum: 0, maximum: 1000 })]),
  { maxItems: 5_000 },
);
const Strokes = Type.Array(Stroke, { maxItems: 500 });
const SIGNATURE = Type.Union([Strokes, Type.Object({ strokes: Strokes })]);
const PAD = { width: 900, height: 300 };

/**
 * A capture as a picture for the console: grey raw bytes and strokes become PNG, JPEG and PNG pass. Judged by content,
 * never by what the unit calls it: an SVG of a hijacked unit would be a document with scripts. Undefined when it is none.
 */
export async function drawCapture(
  capture: Capture,
  bytes: Buffer,
): Promise<{ type: string; bytes: Buffer } | undefined> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return { type: "image/jpeg", bytes };
  if (bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) return { type: "image/png", bytes };
  const { default: sharp } = await import("sharp");
  if (capture.kind === "signature") {
    const drawn = parseJson(SIGNATURE, bytes.toString("utf8"), "signature");
    if (!drawn.ok) return undefined;
    const strokes = Array.isArray(drawn.value) ? drawn.value : drawn.value.strokes;
    return {
      type: "image/png",
      bytes: await sharp(Buffer.from(signatureSvg(strokes)))
        .png()
        .toBuffer(),
    };
  }
  const { width, height } = capture;
  if (!width || !height || bytes.length !== width * height) return undefined;
  return {
    type: "image/png",
    bytes: await sharp(bytes, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer(),
  };
}

function signatureSvg(strokes: [number, number][][]): string {
  const point = ([x, y]: [number, number]) =>
    `${((x * PAD.width) / 1000).toFixed(1)},${((y * PAD.height) / 1000).toFixed(1)}`;
  const lines = strokes.map((stroke) => `<polyline points="${stroke.map(point).join(" ")}"/>`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PAD.width}" height="${PAD.height}"><rect width="100%" height="100%" fill="#fff"/><g fill="none" stroke="#17211f" stroke-width="5" stroke-linecap="round" stroke-linejoin="round">${lines}</g></svg>`;
}
