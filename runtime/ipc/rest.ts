import type { Slot } from "./messages.ts";

/** Why a unit is not to be stopped now for the sake of one slot. */
export interface SlotReason {
  why: "doorOpen" | "presented";
  slot: string;
}

/** Slots whose door is open, or whose item lies out: a restart would cut somebody off from it. */
export const slotsAgainstRest = (slots: readonly Pick<Slot, "slot" | "latch" | "state">[]): SlotReason[] =>
  slots.flatMap(({ slot, latch, state }): SlotReason[] =>
    latch === "open"
      ? [{ why: "doorOpen", slot }]
      : state === "presented"
        ? [{ why: "presented", slot }]
        : [],
  );
