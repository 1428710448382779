import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Clock, systemClock, within } from "../../drivers/kit/index.ts";
import type { BrokerPlace } from "./rules.ts";

/** A name server that says nothing is waited for so long, ms. */
const LOOKUP_MS = 10_000;

export interface Lookup {
  clock?: Clock;
  /** The addresses of a name; the tests have their own. */
  resolve?: (host: string) => Promise<readonly { address: string }[]>;
}

/** The broker's addresses; none while its name cannot be resolved, or not in time. */
export async function placeOf(
  hostname: string,
  { clock = systemClock, resolve = (host) => lookup(host, { all: true }) }: Lookup = {},
): Promise<BrokerPlace> {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host)) return { host, addresses: [host] };
  const late = () => new Error("late");
  const found = await within(clock, LOOKUP_MS, resolve(host), late).catch(() => []);
  return { host, addresses: [...new Set(found.map(({ address }) => address))] };
}

/**
 * Gives devices and addresses. Devices first: they hang on nobody outside, and a name server that does not answer must not
 * keep them from who drives them. What fails with them is told only after the addresses.
 * @returns where the broker is, and whether anything was changed
 */
export async function grantAll(steps: {
  devices: () => Promise<boolean>;
  place: () => Promise<BrokerPlace>;
  addresses: (place: BrokerPlace) => Promise<boolean>;
}): Promise<{ place: BrokerPlace; changed: boolean }> {
  const [devices] = await Promise.allSettled([steps.devices()]);
  const place = await steps.place();
  const newAddresses = await steps.addresses(place);
  if (devices.status === "rejected") throw devices.reason;
  return { place, changed: devices.value || newAddresses };
}
