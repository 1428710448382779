import { err, ok, type Result } from "../../../drivers/kit/index.ts";
import type { PhotoVerdict } from "../../ipc/index.ts";
import type { FoundFace, faceFinder } from "./faces.ts";
import { cut, decode, light, type Picture, sharpness } from "./picture.ts";
import { PHOTO_PROFILES, visionFault } from "./profiles.ts";
import { cropOf, judgeCount, judgeFace, judgeScene, type Rectangle } from "./rules.ts";

export interface Assessment {
  pass: boolean;
  /** What was judged, the first to mend first; after one that makes the rest meaningless nothing follows. */
  verdicts: PhotoVerdict[];
  /** The document photograph; empty without a single face, or where it would not lie inside the picture. */
  cropped: Uint8Array;
}

/** Judges a portrait: its light first, since a dark scene has no face; then the faces; then the one face. */
export async function assess(
  jpeg: Uint8Array,
  profileName: string,
  find: Awaited<ReturnType<typeof faceFinder>>,
): Promise<Result<Assessment>> {
  const profile = PHOTO_PROFILES[profileName];
  if (!profile || !Object.hasOwn(PHOTO_PROFILES, profileName)) return err(visionFault("unknownProfile"));
  let picture: Picture;
  try {
    picture = await decode(jpeg);
  } catch (error) {
    return err(visionFault("notAPicture", {}, error));
  }
  const none = new Uint8Array(0);
  const scene = { width: picture.width, height: picture.height, ...light(picture) };
  const lit = judgeScene(scene);
  if (!lit.pass) return ok({ pass: false, verdicts: [lit], cropped: none });
  const faces = await find(picture.rgb, picture);
  const count = judgeCount(faces.length);
  const [found] = faces;
  if (!count.pass || !found) return ok({ pass: false, verdicts: [lit, count], cropped: none });
  const part = inside(found, picture);
  const face = {
    eyes: found.eyes,
    chin: found.chin,
    luma: light(picture, part).luma,
    sharpness: await sharpness(picture, part),
  };
  const [exposure, ...rest] = judgeFace(face, scene, profile);
  const verdicts = [exposure ?? lit, count, ...rest];
  const { rectangle, outside } = cropOf(face, picture, profile);
  const cropped =
    outside > 0 ? none : await cut(jpeg, scaled(rectangle, picture.scale), [...profile.outputPx]);
  return ok({ pass: verdicts.every(({ pass }) => pass), verdicts, cropped });
}

function inside({ box }: FoundFace, { width, height }: Picture): Rectangle {
  const left = Math.min(Math.max(0, Math.floor(box.x)), width - 2);
  const top = Math.min(Math.max(0, Math.floor(box.y)), height - 2);
  return {
    left,
    top,
    width: Math.max(2, Math.min(Math.round(box.width), width - left)),
    height: Math.max(2, Math.min(Math.round(box.height), height - top)),
  };
}

const scaled = ({ left, top, width, height }: Rectangle, by: number): Rectangle => ({
  left: Math.floor(left * by),
  top: Math.floor(top * by),
  width: Math.floor(width * by),
  height: Math.floor(height * by),
});
