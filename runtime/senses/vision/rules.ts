import type { PhotoVerdict } from "../../ipc/index.ts";
import { type PhotoProfile, SCENE } from "./profiles.ts";

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** One face in picture coordinates, px. */
export interface Face {
  /** Midpoints of the right and left eye as they stand in the picture, left one first. */
  eyes: [Point, Point];
  chin: Point;
  /** Mean luminance, 0-255. */
  luma: number;
  /** See `sharpness` in picture.ts. */
  sharpness: number;
}

export interface Scene extends Size {
  /** Mean luminance, 0-255. */
  luma: number;
  /** Share of pixels at 250 or more. */
  burnt: number;
}

export interface Rectangle extends Size {
  left: number;
  top: number;
}

/** Eyes lie half-way between chin and crown; the crown itself is under the hair and no landmark. */
const HEAD_PER_EYES_TO_CHIN = 2;

const between = ({ eyes: [a, b] }: Face): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** Chin to crown along the face's own axis, px. */
export function headHeight(face: Face): number {
  const eyes = between(face);
  return HEAD_PER_EYES_TO_CHIN * Math.hypot(face.chin.x - eyes.x, face.chin.y - eyes.y);
}

/** How far the head leans, degrees; 0 is upright, positive clockwise in the picture. */
export function roll({ eyes: [left, right] }: Face): number {
  return (Math.atan2(right.y - left.y, right.x - left.x) * 180) / Math.PI;
}

/** The light of the whole picture: what can be said before, and without, a face. */
export function judgeScene(scene: Scene): PhotoVerdict {
  const dark = scene.luma < SCENE.darkLuma;
  const bright = scene.burnt > SCENE.burntShare;
  return {
    rule: "exposure",
    pass: !dark && !bright,
    value: round(scene.luma),
    ...(dark ? { advice: "moreLight" as const } : bright ? { advice: "lessLight" as const } : {}),
  };
}

/** Exactly one face. `value` is how many there are. */
export function judgeCount(count: number): PhotoVerdict {
  return {
    rule: "faceCount",
    pass: count === 1,
    value: count,
    ...(count === 0 ? { advice: "noFace" as const } : count > 1 ? { advice: "oneFaceOnly" as const } : {}),
  };
}

/**
 * All verdicts on a single face, the first to mend first. Values: `exposure` mean luminance of the face; `headSize` share of
 * the picture's height; `position` what of the crop would lie outside the picture, share of its height; `roll` degrees;
 * `sharpness` normalised variance of the Laplacian.
 */
export function judgeFace(face: Face, scene: Scene, profile: PhotoProfile): PhotoVerdict[] {
  const size = headHeight(face) / scene.height;
  const lean = roll(face);
  const outside = cropOf(face, scene, profile).outside;
  const [darkest, brightest] = profile.faceLuma;
  const [smallest, largest] = profile.headOfFrame;
  const verdict = (
    rule: PhotoVerdict["rule"],
    value: number,
    advice: PhotoVerdict["advice"] | false,
  ): PhotoVerdict => ({ rule, pass: !advice, value: round(value), ...(advice ? { advice } : {}) });
  return [
    verdict(
      "exposure",
      face.luma,
      face.luma < darkest ? "moreLight" : face.luma > brightest ? "lessLight" : false,
    ),
    verdict("headSize", size, size < smallest ? "comeCloser" : size > largest ? "goBack" : false),
    verdict("position", outside, outside > 0 ? "centre" : false),
    verdict("roll", lean, Math.abs(lean) > profile.rollDeg ? "headStraight" : false),
    verdict("sharpness", face.sharpness, face.sharpness < profile.minSharpness ? "holdStill" : false),
  ];
}

/**
 * Where the document photograph lies in the picture: the head centred, as large as aimed at, larger within the profile's
 * limits when the picture leaves no room. `outside` is 0 when it fits.
 */
export function cropOf(
  face: Face,
  picture: Size,
  profile: PhotoProfile,
): { rectangle: Rectangle; outside: number } {
  const [, aim, most] = profile.headOfCrop;
  const shares = [aim, (aim + most) / 2, most];
  const tries = shares.map((share) => cropAt(face, picture, profile, share));
  return tries.find(({ outside }) => outside === 0) ?? (tries.at(-1) as (typeof tries)[number]);
}

function cropAt(face: Face, picture: Size, profile: PhotoProfile, share: number) {
  const head = headHeight(face);
  const height = head / share;
  const width = (height * profile.paperMm[0]) / profile.paperMm[1];
  const eyes = between(face);
  // The crown lies as far above the eyes as the chin below them.
  const crown = { x: 2 * eyes.x - face.chin.x, y: 2 * eyes.y - face.chin.y };
  const middle = (crown.x + face.chin.x) / 2;
  const [leastRoom, room] = profile.headroom;
  // Headroom gives way first, down to its least.
  const top = Math.max(crown.y - room * height, Math.min(0, crown.y - leastRoom * height));
  const left = middle - width / 2;
  const outside = Math.max(0, -left, -top, left + width - picture.width, top + height - picture.height);
  const inside = (value: number, most: number) => Math.min(Math.max(0, Math.round(value)), most);
  const w = Math.min(Math.round(width), picture.width);
  const h = Math.min(Math.round(height), picture.height);
  return {
    rectangle: {
      left: inside(left, picture.width - w),
      top: inside(top, picture.height - h),
      width: w,
      height: h,
    },
    outside: outside / height,
  };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
