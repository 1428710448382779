import type { Clock, Emitter } from "../../drivers/kit/index.ts";
import type { Db } from "./db.ts";
import type { CentreKeys } from "./keys.ts";

export type Changes = {
  /** What the console shows of it may have changed; never the content itself. */
  changed: { kind: "unit" | "submission" | "application" | "journal" | "release"; id: string };
};

/** What every part of the centre works with. */
export interface Context {
  dir: string;
  host: string;
  clock: Clock;
  db: Db;
  keys: CentreKeys;
  events: Emitter<Changes>;
  /**
   * Hands a message to the broker, QoS 1. Resolves false when the broker is away: nothing is queued here, because every
   * message is made again from the database when its receiver asks (`q`, `up/auth/state`) or the connection returns.
   */
  publish(topic: string, payload: string | Uint8Array, options?: { expiryS?: number }): Promise<boolean>;
}

export const seconds = (clock: Clock): number => Math.floor(clock.wall() / 1000);
