import type { Result } from "../kit/index.ts";
import type { CaptureContext } from "./capture.ts";
import type { Grade } from "./status.ts";

/** Finger positions of ISO/IEC 19794-2:2011 table 6: 1-5 right thumb to little, 6-10 left thumb to little, 0 unknown. */
export type FingerPosition = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export interface FingerprintCapabilities {
  resolutionDpi: number;
  imageWidth: number;
  imageHeight: number;
  /** Name of the vendor's template format; templates of different formats never compare. */
  templateFormat: string;
  /** Presentation attack detection: 0 none, 1 and 2 as ISO/IEC 30107-3 levels. */
  padLevel: 0 | 1 | 2;
  grade: Grade;
  capacity: number;
}

export interface FingerCapture {
  /** 8-bit grey, row by row from the top left. */
  image: Uint8Array;
  width: number;
  height: number;
  resolutionDpi: number;
  template: Uint8Array;
  templateFormat: string;
  /** 0 (worst) to 100. */
  quality: number;
}

export interface Fingerprint {
  readonly capabilities: FingerprintCapabilities;
  capture(
    request: { position: FingerPosition; minQuality: number },
    context: CaptureContext,
  ): Promise<Result<FingerCapture>>;
  /** One to one against a template that came from this format. Nothing stays on the module. */
  verify(
    request: { template: Uint8Array; templateFormat: string },
    context: CaptureContext,
  ): Promise<Result<{ matched: boolean; score: number }>>;
  /** Removes every image and template of a person from the module. */
  clear(): Promise<Result<void>>;
}
