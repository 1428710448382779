import { isDispenser, type State } from "./states.ts";

/** Role of the one device, and the slot of its magazine. */
export const ROLE = "device.main";
export const MAGAZINE = "M1";
/** What lies in the compartment, or is to be laid in. */
export const ITEM = "ITEM-1";
/** The cards of the magazine, the first comes out first. */
export const CARDS = ["04A1B2C3D4E580", "04A1B2C3D4E581", "04A1B2C3D4E582"] as const;
/** The card that a person is to give back, and another one. */
export const OLD_CARD = "04FFEEDDCCBB01";
export const OTHER_CARD = "04FFEEDDCCBB02";

/** The card that a hand-over is about: the one that is asked for, or that the person pushes in. */
export function expectedCard({ device, job }: State): string | undefined {
  if (!isDispenser(device)) return undefined;
  if (job === "acceptOther" || job === "acceptOtherLeft") return OTHER_CARD;
  if (job.startsWith("accept")) return OLD_CARD;
  return job === "wrongCard" ? CARDS[1] : CARDS[0];
}
