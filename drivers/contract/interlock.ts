import type { Purpose } from "./command.ts";

/** What can forbid motion. */
export const INTERLOCK_CONDITIONS = [
  "doorOpen",
  "tamper",
  "onBattery",
  "maintenance",
  "exchange",
  "service",
] as const;
export type InterlockCondition = (typeof INTERLOCK_CONDITIONS)[number];

/** One interlock, declared as data: the layer checks it right before an actuate begins, and again at its first byte. */
export interface Interlock {
  /** What a refusal names: the role of the input, e.g. `door.service`, or the condition itself. */
  readonly name: string;
  readonly condition: InterlockCondition;
  /** Who must not move anything while it is active. */
  readonly forbids: readonly Exclude<Purpose, "safety">[];
  /** Whether it also forbids while its state is not known: a broken cable of a mere comfort sensor need not. */
  readonly forbidsUnknown: boolean;
}

export type InterlockState = "active" | "inactive" | "unknown";
