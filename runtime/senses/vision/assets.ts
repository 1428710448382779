import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Files of packages that are read at run time; a build copies them, flat, into `assets/` beside the bundle. */
export const VISION_ASSETS = {
  "zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
  "face-api.node-wasm.js": "@vladmandic/face-api/dist/face-api.node-wasm.js",
  "tfjs-backend-wasm.wasm": "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
  "tfjs-backend-wasm-simd.wasm": "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
  "tfjs-backend-wasm-threaded-simd.wasm":
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
  "tiny_face_detector_model-weights_manifest.json":
    "@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json",
  "tiny_face_detector_model.bin": "@vladmandic/face-api/model/tiny_face_detector_model.bin",
  "face_landmark_68_model-weights_manifest.json":
    "@vladmandic/face-api/model/face_landmark_68_model-weights_manifest.json",
  "face_landmark_68_model.bin": "@vladmandic/face-api/model/face_landmark_68_model.bin",
} as const;
export type VisionAsset = keyof typeof VISION_ASSETS;

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Path of a data file: in the folder that was named, else in `assets/` beside the bundle, else in the installed package.
 * @param folder what `--assets` of the helper says
 */
export function assetPath(name: VisionAsset, folder?: string): string {
  const flat = join(folder ?? join(here, "assets"), name);
  if (folder !== undefined || existsSync(flat)) return flat;
  return fromPackage(VISION_ASSETS[name]);
}

/** Not every package exports its data files, so they are looked for by folder. */
function fromPackage(path: string): string {
  const require = createRequire(import.meta.url);
  for (const base of require.resolve.paths("x") ?? []) {
    const found = join(base, path);
    if (existsSync(found)) return found;
  }
  throw new TypeError(`package file ${path} is not installed`);
}
