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
  /**
   * Whether the latch was watched without a gap from then until it was first seen open, or its time to open was over: not
   * so after a restart, or when the board was silent.
   */
  watched: boolean;
  /** Whether nobody watched for longer than a door may stand open, or for nobody knows how long. */
  longAway: boolean;
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

/**
 * What a loading came to: `stored`, `empty`, or `unknown` when it cannot be said what lies in the slot. That the right item
 * was laid in is the word of the two people who load, as long as nobody else can have come to the open door.
 */
export function judgeLoad({
  now,
  again,
  latchSeen,
  watched,
  longAway,
}: Evidence): "stored" | "empty" | "unknown" {
  if (!now || !again || now.latch !== again.latch || now.item !== again.item) return "unknown";
  if (now.latch !== "locked") return "unknown";
  if (now.item === "absent") return "empty";
  if (longAway) return "unknown";
  // There now behind a door that was watched and never opened: one of the sensors is wrong.
  if (watched && !latchSeen && now.item === "present") return "unknown";
  if (now.item === "present" || latchSeen) return "stored";
  // A slot that is called empty is loaded again: without a sensor only who watched its door can say so.
  return watched ? "empty" : "unknown";
}

/**
 * What taking an item back came to. `notMoved`: the slot is as it was, its door was not seen open. `presented`, as of a
 * hand-over: the door was open to staff, and nothing shows that the item came out.
 */
export function judgeUnload({
  now,
  again,
  before,
  latchSeen,
  watched,
  longAway,
}: Evidence): "empty" | "notMoved" | "presented" | "unknown" {
  if (!now || !again || now.latch !== again.latch || now.item !== again.item) return "unknown";
  if (now.latch !== "locked") return "unknown";
  const asBefore = now.item === before.item;
  if (watched && !latchSeen) return asBefore ? "notMoved" : "unknown";
  if (now.item === "absent") return "empty";
  // Without a sensor only who has watched the door to its end says that the item came out.
  if (now.item === "unknown" && watched) return "empty";
  if (!asBefore) return "unknown";
  if (latchSeen) return "presented";
  return now.item === "present" && !longAway ? "notMoved" : "unknown";
}
