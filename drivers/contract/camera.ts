import type { Result } from "../kit/index.ts";

export type CameraRole = "portrait" | "document";

export interface Still {
  jpeg: Uint8Array;
  /** Wall clock, ms. */
  at: number;
}

/** Longest time of one still of any camera, settling and the start of its program included, ms. */
export const STILL_LIMIT_MS = 12_000;

export interface Camera {
  readonly capabilities: {
    stillWidth: number;
    stillHeight: number;
    previewWidth: number;
    previewHeight: number;
  };
  still(context: { signal: AbortSignal }): Promise<Result<Still>>;
  /** Frames until `signal` aborts or the command ends; resolves then. A slow consumer loses frames, never memory. */
  preview(onFrame: (jpeg: Uint8Array) => void, signal: AbortSignal): Promise<Result<void>>;
}
