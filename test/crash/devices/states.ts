/** Devices that move something, by what the matrix calls them. `plain`: a lock board that has no item sensors. */
export const DEVICES = ["kerong", "plain", "gpio", "m001", "r02"] as const;
export type DeviceName = (typeof DEVICES)[number];

/** What a lock is asked for, and what the person before it does. */
export const LOCK_JOBS = ["take", "leave", "nobody", "jammed", "load", "unload"] as const;
/** What a dispenser is asked for, and what the person before it does. `clear` begins with a vault that was killed. */
export const CARD_JOBS = [
  "take",
  "leave",
  "wrongCard",
  "clear",
  "accept",
  "acceptOther",
  "acceptOtherLeft",
  "acceptNobody",
] as const;
export type Job = (typeof LOCK_JOBS)[number] | (typeof CARD_JOBS)[number];

export const VICTIMS = ["nobody", "core", "vault", "both", "device", "all"] as const;
export type Victim = (typeof VICTIMS)[number];

export const isDispenser = (device: DeviceName): device is "m001" | "r02" =>
  device === "m001" || device === "r02";

export interface State {
  device: DeviceName;
  job: Job;
}

export const STATES: readonly State[] = DEVICES.flatMap((device) =>
  (isDispenser(device) ? CARD_JOBS : LOCK_JOBS).map((job) => ({ device, job })),
);

export const stateName = ({ device, job }: State): string => `${device} ${job}`;

/** What a state comes to when nothing goes wrong: outcome, and the modifier of a dispenser. */
export function cleanEnd({ device, job }: State): string {
  if (isDispenser(device)) return CARD_ENDS[job as (typeof CARD_JOBS)[number]];
  // Without an item sensor nobody has seen it taken.
  return job === "take" && device === "plain" ? "presented" : LOCK_ENDS[job as (typeof LOCK_JOBS)[number]];
}

const LOCK_ENDS: Record<(typeof LOCK_JOBS)[number], string> = {
  take: "taken",
  leave: "presented",
  nobody: "presented",
  jammed: "notMoved",
  load: "stored",
  unload: "empty",
};
const CARD_ENDS: Record<(typeof CARD_JOBS)[number], string> = {
  take: "taken",
  leave: "presented retracted",
  wrongCard: "notMoved rejected",
  clear: "notMoved retracted",
  accept: "taken accepted",
  acceptOther: "notMoved returned",
  acceptOtherLeft: "presented rejected",
  acceptNobody: "notMoved",
};
