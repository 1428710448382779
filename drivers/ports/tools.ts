import type { Redeem } from "../contract/index.ts";
import type { Clock } from "../kit/index.ts";
import type { Ports } from "./types.ts";

/** What a process gives to every driver that it creates. */
export interface DriverTools {
  ports: Ports;
  clock: Clock;
  /** Takes a motion token out of circulation; refuses every token where the process has no ledger. */
  redeem: Redeem;
  /** One object per process and key, made at the first call: a bus that several devices hang on. */
  share<T>(key: string, make: () => T): T;
}

/** `redeem` of a process without a ledger decides nothing: it must refuse. */
export function driverTools(ports: Ports, clock: Clock, redeem: Redeem): DriverTools {
  const shared = new Map<string, unknown>();
  return {
    ports,
    clock,
    redeem,
    share: <T>(key: string, make: () => T): T => {
      if (!shared.has(key)) shared.set(key, make());
      return shared.get(key) as T;
    },
  };
}
