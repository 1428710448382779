import type { Redeem } from "../contract/index.ts";
import type { Clock } from "../kit/index.ts";
import type { WireTap } from "./tap/index.ts";
import type { Ports } from "./types.ts";

/** What a process gives to every driver that it creates. */
export interface DriverTools {
  ports: Ports;
  clock: Clock;
  /** Takes a motion token out of circulation; refuses every token where the process has no ledger. */
  redeem: Redeem;
  /** One object per process and key, made at the first call: a bus that several devices hang on. */
  share<T>(key: string, make: () => T): T;
  /** Keeps what is said on the wires of this process, where there is one. */
  tap?: WireTap;
}

/**
 * `redeem` of a process without a ledger decides nothing: it must refuse.
 * @param tap listens in to the ports
 */
export function driverTools(ports: Ports, clock: Clock, redeem: Redeem, tap?: WireTap): DriverTools {
  const shared = new Map<string, unknown>();
  return {
    ports: tap ? tap.over(ports) : ports,
    ...(tap ? { tap } : {}),
    clock,
    redeem,
    share: <T>(key: string, make: () => T): T => {
      if (!shared.has(key)) shared.set(key, make());
      return shared.get(key) as T;
    },
  };
}
