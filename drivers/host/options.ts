import type { DeviceStatus, Purpose, SelfTestContext } from "../contract/index.ts";
import type { Clock } from "../kit/index.ts";
import type { CommandBookOptions } from "./commands.ts";
import type { InterlockBoard } from "./interlocks.ts";

export interface HostOptions<V = unknown> {
  clock?: Clock;
  /** Called with the verbs of each new session when it becomes ready: where watching begins. */
  onReady?: (verbs: V) => void;
  /** Called at every change but those between `ready` and `busy`. */
  onStatus?: (status: DeviceStatus) => void;
  /** A driver holds its device beyond its time: only the end of the process frees it. Without it, it is tried anew. */
  onWedged?: (role: string) => void;
  /** What forbids motion; without it nothing does. */
  interlocks?: InterlockBoard;
  /** Shortest and longest wait between two attempts, ms. */
  backoff?: [number, number];
  random?: () => number;
  /** How long and how many results are kept for commands that are sent again. */
  results?: Partial<CommandBookOptions>;
  /** Whether deadlines of the wall clock can be judged. */
  wallClockIsSet?: () => boolean;
  /** Begin as `disabled`. */
  disabled?: boolean;
  /** Id of this boot in the events. */
  boot?: string;
}

export type SelfTestOptions = Partial<Pick<SelfTestContext, "ask" | "token">> & {
  deviceTimeMs?: number;
  userTimeMs?: number;
};

export interface UseOptions {
  /** For an actuate: whom an interlock must allow to move something. Default `public`, which is bound by all. */
  purpose?: Purpose;
}
