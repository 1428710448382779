import { defineErrors } from "../../../drivers/kit/index.ts";

export const visionFault = defineErrors("vision", {
  unknownProfile: {
    what: "No photograph profile has this name",
    todo: "Correct the profile in the service document",
    remedy: "configuration",
    cause: "software",
  },
  notAPicture: {
    what: "The camera's bytes are no JPEG that can be decoded",
    todo: "It is taken again; call a technician when this repeats",
    remedy: "tryAgain",
    cause: "hardware",
  },
  failed: {
    what: "The helper that looks at pictures ended or did not answer in time",
    todo: "It is started anew with the next picture",
    remedy: "tryAgain",
    cause: "software",
  },
});

/** What a photograph for one kind of document must be like. Shares are of the named picture's height unless said otherwise. */
export interface PhotoProfile {
  /** Width by height of the printed photograph; only the ratio matters for the crop. */
  paperMm: [width: number, height: number];
  /** Chin to crown as a share of the crop's height: least, aimed at, most. */
  headOfCrop: [min: number, aim: number, max: number];
  /** Free space above the crown, share of the crop's height: least, aimed at. */
  headroom: [min: number, aim: number];
  /** Chin to crown as a share of the camera picture's height: below it the crop has too few pixels, above it none fits. */
  headOfFrame: [min: number, max: number];
  /** Most that the line between the eyes may lean, degrees. */
  rollDeg: number;
  /** Mean luminance of the face, 0-255 (Rec. 709 on gamma-coded values). */
  faceLuma: [min: number, max: number];
  /** See `sharpness` in picture.ts. */
  minSharpness: number;
  /** Size of the crop at most, px; it is never enlarged. */
  outputPx: [width: number, height: number];
}

/**
 * Both documents take the HKSAR travel document photograph: 40 x 50 mm, chin to crown 32-36 mm, so 64-72 %.
 * Roll: BSI TR-03121 part 3 (±8°). Headroom, exposure and sharpness are this project's own, found on the test photograph and
 * its blurred and darkened copies; calibrate them for the camera that is built in.
 */
const HONG_KONG: PhotoProfile = {
  paperMm: [40, 50],
  headOfCrop: [0.64, 0.68, 0.72],
  headroom: [0.05, 0.12],
  headOfFrame: [0.35, 0.7],
  rollDeg: 8,
  faceLuma: [60, 215],
  minSharpness: 22,
  outputPx: [720, 900],
};

export const PHOTO_PROFILES: Readonly<Record<string, PhotoProfile>> = {
  hkic: HONG_KONG,
  passport: HONG_KONG,
};

/** Mean luminance of a whole picture below which it is dark whatever it shows, and share of burnt-out pixels (≥ 250) above which it is too bright. */
export const SCENE = { darkLuma: 40, burntShare: 0.3 } as const;
