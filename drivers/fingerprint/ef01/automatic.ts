import { deviceFault } from "../../contract/index.ts";
import { err, ok, type Result } from "../../kit/index.ts";
import { ACK, OP, readU16 } from "./frame.ts";
import type { Ef01Link } from "./link.ts";
import { refused } from "./module.ts";

/**
 * What an R503 does by itself, step by step (manual §5.5, AutoEnroll and AutoIdentify). The layer's own enrol and identify
 * go by single commands, which every model has; these are for a technician's trial of a module.
 */

/** The module gives up without a finger after 10 s by its text and 15 s by its flow chart; a little more, ms. */
const STEP_MS = 16_000;

export type AutoStep = "image" | "features" | "duplicates" | "merged" | "stored";

/**
 * Steps 1 to 12 are images and features in turn. The manual prints the last three as 10, 11 and 12 without a base, and
 * modules send either; 0D to 0F are the same in both.
 */
export function autoStep(step: number): AutoStep | undefined {
  if (step === 0x0d) return "duplicates";
  if (step === 0x0e) return "merged";
  if (step === 0x0f) return "stored";
  const decimal = step >= 0x10 && step <= 0x12 ? step - 6 : step;
  if (decimal < 1 || decimal > 12) return undefined;
  return decimal % 2 ? "image" : "features";
}

/** Six captures into one page that must be free. Resolves to the page; a cancel leaves nothing. */
export async function autoEnrol(
  link: Ef01Link,
  page: number,
  signal: AbortSignal,
  onStep: (step: AutoStep) => void,
): Promise<Result<number>> {
  if (page > 0xc7) throw deviceFault("invalidParameter", { page });
  // No overwriting, no second page of one finger, every step told, the finger lifted between captures.
  const { code, data } = await link.steps(
    [OP.autoEnrol, page, 0, 0, 1, 1],
    STEP_MS,
    (answer, [number = 0, ...rest]) => {
      const step = rest.length > 0 ? autoStep(number) : undefined;
      if (step) onStep(step);
      return answer !== ACK.ok || step === "stored";
    },
    signal,
  );
  if (code === ACK.ok && data.length === 2) return ok(data[1] ?? page);
  return ended("autoEnrol", code, signal);
}

/** One finger against `count` pages from `first` on, at a security level of 1 to 5. Undefined when it matches none. */
export async function autoIdentify(
  link: Ef01Link,
  range: { first: number; count: number; security: number },
  signal: AbortSignal,
  onStep: (step: AutoStep) => void,
): Promise<Result<{ page: number; score: number } | undefined>> {
  const SEARCHED = 3;
  const { code, data } = await link.steps(
    [OP.autoIdentify, range.security, range.first, range.count, 1, 1],
    STEP_MS,
    (answer, told) => {
      const [number] = told;
      if (number === 1 || number === 2) onStep(number === 1 ? "image" : "features");
      return answer !== ACK.ok || number === SEARCHED;
    },
    signal,
  );
  if (code === ACK.ok && data.length === 5) return ok({ page: readU16(data, 1), score: readU16(data, 3) });
  if (code === ACK.notFound || code === ACK.libraryEmpty) return ok(undefined);
  return ended("autoIdentify", code, signal);
}

/** Cancel by itself, for one that another process has left running. */
export const cancelAutomatic = async (link: Ef01Link): Promise<void> => {
  const { code } = await link.command([OP.cancel]);
  if (code !== ACK.ok && code !== ACK.unsupported) throw refused("cancel", code);
};

function ended(command: string, code: number, signal: AbortSignal): Result<never> {
  if (signal.aborted) return err(deviceFault("canceled"));
  if (code === ACK.timeout) return err(deviceFault("timeoutUser"));
  if (code === ACK.fewFeatures || code === ACK.cannotMerge) return err(deviceFault("poorQuality"));
  return err(refused(command, code));
}
