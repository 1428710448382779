import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { compileFunction } from "node:vm";
import { assetPath, type VisionAsset } from "./assets.ts";
import type { Point, Size } from "./rules.ts";

/** The little of face-api and of TensorFlow that is used here; their own types drag the whole library in. */
interface Tensor {
  dispose(): void;
}
interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Net {
  loadFromWeightMap(weights: Record<string, Tensor>): void;
}
interface FaceApi {
  TinyFaceDetector: new () => Net & {
    locateFaces(input: Tensor, options: unknown): Promise<{ box: Box; score: number }[]>;
  };
  TinyFaceDetectorOptions: new (options: { inputSize: number; scoreThreshold: number }) => unknown;
  FaceLandmark68Net: new () => Net & { detectLandmarks(input: Tensor): Promise<{ positions: Point[] }> };
  extractFaceTensors(input: Tensor, boxes: Box[]): Promise<Tensor[]>;
}
interface Core {
  setBackend(name: string): Promise<boolean>;
  tensor3d(values: Uint8Array, shape: [number, number, number], type: "int32"): Tensor;
  io: { decodeWeights(buffer: ArrayBuffer, specs: unknown): Record<string, Tensor> };
  Tensor: { prototype: Record<string, unknown> };
  [operation: string]: unknown;
}

export interface FoundFace {
  box: Box;
  eyes: [Point, Point];
  chin: Point;
}

/** Side of the square that the detector works on, px: found to see a face of a sixth of the picture's width. */
const DETECTOR_INPUT = 416;
const MIN_SCORE = 0.5;
/** Indices of the 68-point scheme (iBUG 300-W): eyes by six points each, the tip of the chin. */
const LEFT_EYE = [36, 42] as const;
const RIGHT_EYE = [42, 48] as const;
const CHIN = 8;

/** Operations that face-api calls as methods of a tensor; `@tensorflow/tfjs` would add them all, its core adds none. */
const CHAINED = [
  ..."add sub mul div cast reshape expandDims squeeze slice relu sigmoid conv2d depthwiseConv2d separableConv2d".split(
    " ",
  ),
  ..."maxPool avgPool matMul mean max concat pad transpose minimum maximum exp softmax".split(" "),
];

const WARMING: Size = { width: 64, height: 80 };

/**
 * Finds faces and their landmarks. face-api asks for the packages `@tensorflow/tfjs` and the WebAssembly back end; it is
 * given TensorFlow's core alone, which holds all that it uses, so that nothing for browsers comes along. What comes back takes
 * pictures of three bytes a pixel, row by row.
 */
export async function faceFinder(assets?: string) {
  const core = unwrap<Core>(await import("@tensorflow/tfjs-core"));
  const wasm = unwrap<{ setWasmPaths(folder: string): void }>(await import("@tensorflow/tfjs-backend-wasm"));
  chain(core);
  const path = (name: VisionAsset) => assetPath(name, assets);
  const api = load(path("face-api.node-wasm.js"), {
    "@tensorflow/tfjs": core,
    "@tensorflow/tfjs-backend-wasm": wasm,
  });
  wasm.setWasmPaths(`${dirname(path("tfjs-backend-wasm-simd.wasm"))}/`);
  if (!(await core.setBackend("wasm"))) throw new TypeError("WebAssembly back end did not start");
  const fill = (net: Net, model: "tiny_face_detector_model" | "face_landmark_68_model"): void => {
    const [group] = JSON.parse(readFileSync(path(`${model}-weights_manifest.json`), "utf8")) as {
      weights: unknown;
    }[];
    const bytes = Uint8Array.from(readFileSync(path(`${model}.bin`)));
    net.loadFromWeightMap(core.io.decodeWeights(bytes.buffer, group?.weights));
  };
  const detector = new api.TinyFaceDetector();
  fill(detector, "tiny_face_detector_model");
  const landmarks = new api.FaceLandmark68Net();
  fill(landmarks, "face_landmark_68_model");
  const options = new api.TinyFaceDetectorOptions({
    inputSize: DETECTOR_INPUT,
    scoreThreshold: MIN_SCORE,
  });

  const find = async (rgb: Uint8Array, { width, height }: Size): Promise<FoundFace[]> => {
    const picture = core.tensor3d(rgb, [height, width, 3], "int32");
    try {
      const faces: FoundFace[] = [];
      for (const { box } of await detector.locateFaces(picture, options)) {
        const [cut] = await api.extractFaceTensors(picture, [box]);
        if (!cut) continue;
        const { positions } = await landmarks.detectLandmarks(cut);
        cut.dispose();
        // Landmarks are relative to the box, which is cut at whole pixels inside the picture.
        const [dx, dy] = [Math.max(0, Math.floor(box.x)), Math.max(0, Math.floor(box.y))];
        const at = (point: Point | undefined): Point => ({
          x: (point?.x ?? 0) + dx,
          y: (point?.y ?? 0) + dy,
        });
        faces.push({
          box,
          eyes: [at(mean(positions.slice(...LEFT_EYE))), at(mean(positions.slice(...RIGHT_EYE)))],
          chin: at(positions[CHIN]),
        });
      }
      return faces;
    } finally {
      picture.dispose();
    }
  };
  // The first picture compiles and allocates; better now than with a person waiting.
  await find(new Uint8Array(WARMING.width * WARMING.height * 3), WARMING);
  return find;
}

const mean = (points: Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
});

/** CommonJS packages come as `default`, by Node and by a bundler alike. */
function unwrap<T>(imported: object): T {
  return ("default" in imported ? imported.default : imported) as T;
}

function chain(core: Core): void {
  const methods = core.Tensor.prototype;
  const call = (name: string) => core[name] as (...args: unknown[]) => unknown;
  for (const name of CHAINED) {
    methods[name] ??= function (this: Tensor, ...rest: unknown[]) {
      return call(name)(this, ...rest);
    };
  }
  methods.toFloat = function (this: Tensor) {
    return call("cast")(this, "float32");
  };
  for (const rank of [1, 2, 3, 4]) {
    methods[`as${rank}D`] = function (this: Tensor & { size: number }, ...shape: number[]) {
      return call("reshape")(this, rank === 1 ? [this.size] : shape);
    };
  }
}

/** Runs the package's CommonJS file with the modules that it is meant to get. */
function load(path: string, modules: Record<string, unknown>): FaceApi {
  const require = createRequire(import.meta.url);
  const module = { exports: {} };
  const run = compileFunction(readFileSync(path, "utf8"), ["require", "module", "exports"], {
    filename: path,
  });
  run((name: string) => modules[name] ?? require(name), module, module.exports);
  return module.exports as FaceApi;
}
