import type { Result } from "../kit/index.ts";
import type { Grade } from "./status.ts";

/** What every capture verb is given beside its parameters. */
export interface CaptureContext {
  /** Aborted when the person or the core no longer wants it; the verb then ends with `device.canceled`. */
  signal: AbortSignal;
  /** How long a person may take before the verb ends with `device.timeoutUser`, ms. */
  userTimeMs: number;
  prompt(prompt: Prompt): void;
}

/** What the screen can coach a person with, after XFS4IoT's biometric prompts. */
export const PROMPTS = [
  "place",
  "working",
  "lift",
  "placeAgain",
  "moved",
  "tooDry",
  "tooWet",
  "poorQuality",
  "sensorDirty",
] as const;
export type Prompt = (typeof PROMPTS)[number];

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

export type Evidence = "latch" | "item" | "door";

export interface LockState {
  /** Index on its board, from 0. */
  compartment: number;
  latch: "locked" | "open" | "unknown";
  item: "present" | "absent" | "unknown";
}

export interface LockCapabilities {
  compartments: number;
  /** What the board can prove. Without `item` the best outcome of a hand-over is `presented`. */
  evidence: Evidence[];
  /** Coil pulse of the board, ms. */
  pulseMs: number;
  /** Whether the code of an item can be read again at hand-over. */
  readsItem: boolean;
}

declare const minted: unique symbol;

/**
 * The permission for exactly one motion. Only the vault's ledger makes one, after the ISSUED row is durable;
 * a driver must call `redeem` of its options before the first byte and stop when it is refused.
 */
export interface MotionToken {
  readonly [minted]: true;
  readonly effect: string;
  readonly device: string;
  readonly compartment: number;
}

/** Takes a token out of circulation. Throws for one that the ledger did not make, or that was used. */
export type Redeem = (token: MotionToken, device: string, compartment: number) => void;

export interface Lock {
  readonly capabilities: LockCapabilities;
  /** All compartments, asked from the board now. Query: may be retried by the driver. */
  read(): Promise<Result<LockState[]>>;
  /** Sends one unlock. Resolves when the bytes have left; what happened is read with `read`. Never retried. */
  unlock(token: MotionToken): Promise<Result<void>>;
}

/** What a motion came to. `taken` needs evidence of the item; `unknown` is an answer, never folded into another. */
export const OUTCOMES = ["notMoved", "presented", "taken", "unknown"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Reading {
  /** OpenTelemetry style name, e.g. `hw.temperature`. */
  name: string;
  value: number;
  /** UCUM unit: `Cel`, `Pa`, `%`. */
  unit: string;
  quality: "good" | "stale" | "outOfRange" | "unknown";
  /** Wall clock, ms. */
  at: number;
}

export interface Sensor {
  read(): Promise<Result<Reading[]>>;
}

/** A door contact, a tamper loop, a switch. `active` means door open, tampered, switch on. */
export interface AuxiliaryInput {
  read(): Promise<Result<"active" | "inactive">>;
  /** Debounced edges. Returns the way to stop. */
  watch(listener: (state: "active" | "inactive") => void): () => void;
}

export interface Indicator {
  set(on: boolean): Promise<Result<void>>;
}

export type CameraRole = "portrait" | "document";

export interface Still {
  jpeg: Uint8Array;
  /** Wall clock, ms. */
  at: number;
}

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
