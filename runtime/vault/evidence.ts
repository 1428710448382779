import type { LockState, Outcome } from "../../drivers/contract/index.ts";

/** What is known of one motion when its outcome is judged. */
export interface Evidence {
  /** State of the compartment now; undefined when it could not be read. */
  now: Pick<LockState, "latch" | "item"> | undefined;
  /** A second look shortly after; it must say the same. */
  again: Pick<LockState, "latch" | "item"> | undefined;
  /** State before the command was sent. */
  before: Pick<LockState, "latch" | "item">;
  /** Whether the latch was ever seen open after it was sent. */
  latchSeen: boolean;
  /** Whether the latch was watched without a gap since then: not so after a restart, or when the board was silent. */
  watched: boolean;
}

/**
 * The outcome of a hand-over, by evidence alone. `taken` needs an item sensor that saw the item before and does not see
 * it now, behind a closed door. What contradicts itself is `unknown`.
 */
export function judgeRelease({ now, again, before, latchSeen, watched }: Evidence): Outcome {
  if (!now || !again || now.latch === "unknown") return "unknown";
  if (now.latch !== again.latch || now.item !== again.item) return "unknown";
  if (now.latch === "open") return "presented";
  if (now.item === "unknown") return latchSeen ? "presented" : watched ? "notMoved" : "unknown";
  if (before.item !== "present") return "unknown";
  if (now.item === "present") return latchSeen ? "presented" : "notMoved";
  // Gone behind a door that was watched and never opened: one of the sensors is wrong.
  return watched && !latchSeen ? "unknown" : "taken";
}

/** What a loading came to: `stored`, `empty`, or `unknown` when it cannot be said what lies in the slot. */
export function judgeLoad({ now, again, latchSeen, watched }: Evidence): "stored" | "empty" | "unknown" {
  if (!now || !again || now.latch !== again.latch || now.item !== again.item) return "unknown";
  if (now.latch !== "locked") return "unknown";
  if (now.item === "absent") return "empty";
  // Without an item sensor the two people who load are the evidence, if the door was opened at all.
  if (now.item === "unknown") return !watched ? "unknown" : latchSeen ? "stored" : "empty";
  // After a cut nobody watched what was put in; two people have to look.
  return now.item === "present" && watched ? "stored" : "unknown";
}

/** What taking an item back came to. `notMoved`: the door was never opened and the slot is as it was. */
export function judgeUnload({
  now,
  again,
  before,
  latchSeen,
  watched,
}: Evidence): "empty" | "notMoved" | "unknown" {
  if (!now || !again || now.latch !== again.latch || now.item !== again.item) return "unknown";
  if (now.latch !== "locked") return "unknown";
  if (watched && !latchSeen) return now.item === before.item ? "notMoved" : "unknown";
  if (now.item === "unknown") return watched ? "empty" : "unknown";
  return now.item === "absent" ? "empty" : "unknown";
}
