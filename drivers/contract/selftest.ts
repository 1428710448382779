import { type Static, Type } from "@sinclair/typebox";
import type { Result } from "../kit/index.ts";
import type { MotionToken } from "./motion.ts";

/**
 * `internal` moves nothing and needs nobody; `external` may move or light something and runs in maintenance only;
 * `interactive` asks a person to take part (place a finger, open a door), in maintenance only.
 */
export const SELF_TEST_LEVELS = ["internal", "external", "interactive"] as const;
export type SelfTestLevel = (typeof SELF_TEST_LEVELS)[number];

export const SelfTestFindingSchema = Type.Object({
  /** What was looked at, e.g. `checksum`, `beam.exit`. */
  name: Type.String(),
  passed: Type.Boolean(),
  value: Type.Optional(Type.Number()),
  /** UCUM unit of `value`. */
  unit: Type.Optional(Type.String()),
});
export type SelfTestFinding = Static<typeof SelfTestFindingSchema>;

export interface SelfTestContext {
  signal: AbortSignal;
  /** Permission of an external test that moves something; redeemed by the driver as for any motion. */
  token?: MotionToken;
  /** What the technician is asked to do now, a key of the texts. */
  ask(step: string): void;
}

/** What a session can test of itself; a level that it does not have is absent. Nothing of a person is in the findings. */
export type SelfTests = {
  readonly [Level in SelfTestLevel]?: (context: SelfTestContext) => Promise<Result<SelfTestFinding[]>>;
};
