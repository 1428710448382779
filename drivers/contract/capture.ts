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
