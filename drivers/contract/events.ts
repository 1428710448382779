import type { SafeFields } from "../kit/index.ts";
import type { DeviceStatus } from "./status.ts";

/** What is told of a device. Nothing of a person is in it. */
export interface DeviceEvent {
  role: string;
  name: string;
  /** Counts up by one from 1 for each event of this device in this boot: a gap is a loss. */
  sequence: number;
  /** Of the process: sequences of different boots do not compare. */
  boot: string;
  /** Monotonic and wall clock, ms. */
  mono: number;
  wall: number;
  transaction?: string;
  /** What has changed, for `statusChanged` only. */
  status?: Partial<DeviceStatus>;
  fields: SafeFields;
}

/** Given to a subscriber that was too slow, in place of what was dropped: the whole state as of `sequence`. */
export interface Resync {
  role: string;
  name: "resync";
  boot: string;
  sequence: number;
  dropped: number;
  snapshot: DeviceStatus;
}
