import { type CaptureContext, deviceFault, type Prompt } from "../../contract/index.ts";
import { type Clock, err, isFault, ok, type Result } from "../../kit/index.ts";
import { ACK } from "./frame.ts";
import { type Ef01Module, refused } from "./module.ts";
import type { Profile } from "./profiles.ts";

/** An opened module with what is known of it. */
export interface Opened {
  readonly role: string;
  readonly profile: Profile;
  readonly module: Ef01Module;
  readonly clock: Clock;
  readonly capacity: number;
  readonly reservedPage: number;
  readonly retention: "clear" | "keep";
  /** Aborted when the session closes: what runs then ends by its own safe path. */
  readonly closing: AbortSignal;
  /** Length of its templates once it is certain: never assumed, models and clones differ. */
  templateBytes: number | undefined;
  /** Pages of enrolments that were not proved, of this session and those before it in this process. */
  readonly unproved: Set<number>;
  /** Whether its memory may hold an image or features: always so before the first clearing. */
  dirty: boolean;
}

const POLL_MS = 120;

export const LIGHT = {
  off: [4, 2],
  waiting: [1, 2],
  good: [3, 4],
} as const;

/** The ring light, where there is one. A clone that has it under another command works without. */
export async function light({ profile, module }: Opened, which: keyof typeof LIGHT): Promise<void> {
  if (!profile.hasAura) return;
  const [control, colour] = LIGHT[which];
  await module.aura(control, colour).catch((error: unknown) => {
    if (!isFault(error, "device.refused")) throw error;
  });
}

const stopped = ({ closing }: Opened, { signal }: CaptureContext): AbortSignal =>
  AbortSignal.any([closing, signal]);

/** Asks `probe` again and again until it is true, the person's time is over or nobody wants it any more. */
async function poll(
  opened: Opened,
  context: CaptureContext,
  end: number,
  probe: () => Promise<boolean>,
): Promise<Result<void>> {
  const signal = stopped(opened, context);
  for (;;) {
    if (signal.aborted) return err(deviceFault("canceled"));
    if (await probe()) return ok(undefined);
    if (opened.clock.mono() >= end) return err(deviceFault("timeoutUser"));
    await opened.clock.sleep(POLL_MS, signal);
  }
}

/** Waits for a finger and takes its image; prompts on the way. `end` is monotonic. */
export async function takeImage(
  opened: Opened,
  context: CaptureContext,
  end: number,
  ask: Prompt = "place",
): Promise<Result<void>> {
  context.prompt(ask);
  await light(opened, "waiting");
  opened.dirty = true;
  const taken = await poll(opened, context, end, async () => {
    const code = await opened.module.takeImage();
    if (code !== ACK.ok && code !== ACK.noFinger && code !== ACK.captureFailed)
      throw refused("getImage", code);
    return code === ACK.ok;
  });
  if (taken.ok) context.prompt("working");
  return taken;
}

/** Waits until the finger is gone, so that two captures are two touches. */
export function waitForLift(opened: Opened, context: CaptureContext, end: number): Promise<Result<void>> {
  context.prompt("lift");
  return poll(opened, context, end, async () => (await opened.module.takeImage()) === ACK.noFinger);
}

const ADVICE: Readonly<Record<number, Prompt>> = {
  [ACK.tooDry]: "tooDry",
  [ACK.tooWet]: "tooWet",
  [ACK.messy]: "poorQuality",
  [ACK.fewFeatures]: "moved",
};

/** Features of the image into a buffer; a poor image is an answer with its advice. */
export async function features(
  opened: Opened,
  buffer: number,
  context: CaptureContext,
): Promise<Result<void>> {
  const code = await opened.module.makeFeatures(buffer);
  if (code === ACK.ok) return ok(undefined);
  const prompt = ADVICE[code];
  if (!prompt) throw refused("makeFeatures", code);
  context.prompt(prompt);
  return err(deviceFault("poorQuality", { advice: prompt }));
}

/** One model of all buffers. */
export async function merge(opened: Opened): Promise<Result<void>> {
  const code = await opened.module.makeModel();
  if (code === ACK.ok) return ok(undefined);
  if (code === ACK.cannotMerge) return err(deviceFault("poorQuality", { advice: "moved" }));
  throw refused("makeModel", code);
}
