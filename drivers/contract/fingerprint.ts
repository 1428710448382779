import type { Result } from "../kit/index.ts";
import type { CaptureContext } from "./capture.ts";
import type { Grade } from "./status.ts";

/** Finger positions of ISO/IEC 19794-2:2011 table 6: 1-5 right thumb to little, 6-10 left thumb to little, 0 unknown. */
export type FingerPosition = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** `clear`: nothing of a person outlives a visit or a start. `keep`: enrolled templates stay until they are deleted. */
export type Retention = "clear" | "keep";

export interface FingerprintCapabilities {
  resolutionDpi: number;
  imageWidth: number;
  imageHeight: number;
  /** Name of the vendor's template format; templates of different formats never compare. */
  templateFormat: string;
  /** Presentation attack detection: 0 none, 1 and 2 as ISO/IEC 30107-3 levels. */
  padLevel: 0 | 1 | 2;
  grade: Grade;
  /** Templates that can be enrolled. */
  capacity: number;
  retention: Retention;
  /** How often a finger is laid on to be enrolled. */
  enrolCaptures: number;
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

/** Something of people was removed from a module: a fact for the journal, without anything of them. */
export interface Cleared {
  /** Wall clock, ms. */
  at: number;
  /** `recovery`: at a start or after a fault; `request`: a visit has ended or somebody asked. */
  why: "recovery" | "request" | "delete";
  /** Templates that were in the library and are not any more. */
  templates: number;
  /** Whether image and feature buffers were emptied too. */
  buffers: boolean;
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
  /**
   * Puts a finger into the module's library. A transaction: either it ends with the id of a template that is there, or
   * nothing is. The id is the layer's choice of what is free; nothing is ever overwritten.
   * `device.alreadyEnrolled` for a finger that is there, `device.libraryFull` when nothing is free.
   */
  enrol(request: { allowDuplicate?: boolean }, context: CaptureContext): Promise<Result<{ id: number }>>;
  /** One to many against the library; no `id` when it is none of them. */
  identify(context: CaptureContext): Promise<Result<{ id?: number; score: number }>>;
  /** Ids of what is enrolled, ascending. */
  list(): Promise<Result<{ ids: number[] }>>;
  /** Removes one enrolled template; one that is not there is removed already. */
  remove(request: { id: number }): Promise<Result<void>>;
  /**
   * After a visit: removes every image and feature of a person, and what is enrolled unless it is to be kept.
   * `all` removes that too.
   */
  clear(request?: { all?: boolean }): Promise<Result<void>>;
  /** What was removed, from the recovery of this session on. Returns the way to stop. */
  onCleared(listener: (cleared: Cleared) => void): () => void;
}
