import type { Fault, Result } from "../kit/index.ts";
import type { Grade } from "./status.ts";

/** `query` may be retried; `capture` is cancellable and leaves no effect; `configure` is idempotent; `actuate` is never retried. */
export type VerbKind = "query" | "capture" | "configure" | "actuate";

/**
 * For whom something moves: an interlock may forbid it to the public and allow it to staff. `safety`: it brings something out
 * of everybody's reach, which is allowed while nothing else is.
 */
export type Purpose = "public" | "staff" | "safety";

/** What a session says of one of its verbs. The layer refuses what is not declared, or declared as another kind. */
export interface VerbDeclaration {
  kind: VerbKind;
  /** Longest time of the device itself, ms. */
  deviceTimeMs: number;
}

/**
 * One command with an id of its caller's making. The same id again is the same command: it is never run twice, and
 * answered with what the first one came to.
 */
export interface Command {
  /** Globally unique, e.g. a UUID. */
  id: string;
  verb: string;
  kind: VerbKind;
  /** What the command asks for, as JSON; the same id with other parameters is a conflict. Only a digest is kept. */
  parameters?: unknown;
  /** Device time: on overrun the session is dropped and the device recovered, ms. Of a declared verb the shorter counts. */
  deviceTimeMs: number;
  /** Queue time: a command that has not begun by then is `device.expired` and has no effect, ms. */
  queueTimeMs?: number;
  /** User time of a capture: it is then ended by its own safe path as `device.timeoutUser`, ms. */
  userTimeMs?: number;
  /** Wall clock, ms: not to be begun after this. Refused where the wall clock is not set. */
  notAfter?: number;
  /** Default `public`, which every interlock binds. */
  purpose?: Purpose;
  /**
   * The run calls `context.commit()` right before the first byte of a motion, so that it can be cancelled until then.
   * Without it an actuate is committed from its start on.
   */
  commits?: boolean;
  /** Lowest grade of the device that the caller accepts. */
  minGrade?: Grade;
  /** Transaction that its events are marked with. */
  transaction?: string;
}

/** What a running command is given beside the verbs. */
export interface CommandContext {
  /** Aborted when it is cancelled, its user time is over, the device is lost or the host stops. */
  readonly signal: AbortSignal;
  /** The commit point: from here on a cancel is too late. @throws Fault `device.canceled` when one came before */
  commit(): void;
}

export const COMMAND_PHASES = ["queued", "running", "committed", "completed"] as const;
export type CommandPhase = (typeof COMMAND_PHASES)[number];

/** What the caller may do after a failure. `never`: it may have moved; only a new command with a new permission. */
export type RetryAdvice = "safe" | "afterReset" | "never";

/** The one completion of an accepted command. */
export interface Completion<T> {
  id: string;
  result: Result<T>;
  /** Whether it had passed its commit point: what an actuate that failed after it came to is for the evidence to say. */
  committed: boolean;
  /** Of a failure. */
  retry?: RetryAdvice;
  /** Monotonic times in the queue and on the device, ms. */
  queuedMs: number;
  tookMs: number;
}

/** The first answer to a command: it, or the same one sent before, will be completed exactly once. */
export interface Accepted<T> {
  id: string;
  /** `queued` of a new command; how far it has come of one that was sent before. */
  phase: CommandPhase;
  /** Sent before: the completion is the first one's. */
  replayed: boolean;
  /** Never rejects. */
  completion: Promise<Completion<T>>;
}

/** `unknown`: no command of this id is known (any more). After `tooLate` the command completes as if nobody had asked. */
export type CancelAnswer = "canceledBeforeStart" | "canceledSafely" | "tooLate" | "unknown";

const AFTER_RESET = new Set(["device.timeoutDevice", "device.noReply", "device.protocol", "device.fault"]);

/** What a caller may do after `fault` of a command of `kind`. */
export function retryAdvice(kind: VerbKind, committed: boolean, fault: Fault): RetryAdvice {
  if (kind === "actuate" && committed) return "never";
  return AFTER_RESET.has(fault.code) ? "afterReset" : "safe";
}
