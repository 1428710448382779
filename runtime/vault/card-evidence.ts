import type { DispenserMotion, DispenserState, Outcome } from "../../drivers/contract/index.ts";

/** What a dispenser shows of itself: where the item in its path is, and what it has counted into its bin. */
export interface CardSeen {
  path: DispenserState["path"];
  /** Absent where it has no counter. */
  bin?: number;
}

/** What is known of an item that a dispenser has moved, when its outcome is judged. */
export interface CardEvidence {
  kind: "release" | "intake" | "clear";
  /** The motion that was issued last, and what was seen before it. */
  last: DispenserMotion;
  before: CardSeen;
  now: CardSeen | undefined;
  /** A second look shortly after; it must say the same. */
  again: CardSeen | undefined;
  /** What was read at the reader: an item that was meant, another one, none; undefined when nobody looked. */
  read: "same" | "other" | "unreadable" | undefined;
  /** Whether the unit itself said that the last motion went well; undefined after a restart. */
  answered?: boolean | undefined;
}

export type Modifier = "retracted" | "rejected" | "accepted" | "returned" | "inPath";

export interface CardVerdict {
  outcome: Outcome;
  modifier?: Modifier;
  /** Where the item is. `none`: there is none. */
  card: "magazine" | "out" | "bin" | "gate" | "path" | "unknown" | "none";
}

/**
 * Where the item is, by the path sensor and the bin's own counter: what was in the path and is not has gone through the gate
 * when the bin did not count, and into the bin when it counted one. Anything else contradicts itself.
 */
function whereIs(evidence: CardEvidence): CardVerdict["card"] {
  const { last, before, now, again, answered } = evidence;
  if (!now || !again || now.path === "unknown" || now.path !== again.path || now.bin !== again.bin)
    return "unknown";
  const counted = now.bin === undefined || before.bin === undefined ? undefined : now.bin - before.bin;
  if (counted !== undefined && counted !== 0 && counted !== 1) return "unknown";
  if (now.path !== "clear") return counted === 1 ? "unknown" : now.path === "gate" ? "gate" : "path";
  if (counted === 1) return "bin";
  // What moves from the magazine to the reader cannot leave by the gate.
  if (last === "feed") return "magazine";
  if (last === "accept") return "none";
  // Without a counter it may have dropped into the bin as well.
  if (counted === undefined) return "unknown";
  // A unit that says that it captured, and counted nothing, contradicts itself.
  if (last === "retract" && answered === true) return "unknown";
  return wasReachable(evidence) ? "out" : "unknown";
}

/** Whether a person could have taken it since the last motion was issued. */
const wasReachable = ({ last, before }: CardEvidence): boolean =>
  last === "present" || before.path === "gate";

/** What a hand-over from a dispenser came to. `taken` is only said of an item that was read and is the one meant. */
export function judgeCard(evidence: CardEvidence): CardVerdict {
  const verdict = judgeMoved(evidence);
  if (verdict.card !== "out") return verdict;
  return evidence.read === "same"
    ? { outcome: "taken", card: "out" }
    : { outcome: "unknown", card: "unknown" };
}

/**
 * What taking in an old card came to: `taken` means that the unit has it, `returned` that its owner has. One that is not
 * the expected one, or that nobody has read, was not taken in, wherever it went.
 */
export function judgeIntake(evidence: CardEvidence): CardVerdict {
  const verdict = judgeMoved(evidence);
  switch (verdict.card) {
    case "magazine":
      return { outcome: "notMoved", card: "none" };
    case "out":
      return { outcome: "notMoved", modifier: "returned", card: "out" };
    case "bin":
      return evidence.read === "same" ? { outcome: "taken", modifier: "accepted", card: "bin" } : verdict;
    default:
      return verdict;
  }
}

/** Where an item has come, and what that says of any motion; of one that is `out` its kind says it. */
function judgeMoved(evidence: CardEvidence): CardVerdict {
  const card = whereIs(evidence);
  switch (card) {
    case "magazine":
    case "none":
      return { outcome: "notMoved", card };
    case "bin":
      return {
        outcome: wasReachable(evidence) ? "presented" : "notMoved",
        modifier: evidence.read === "same" ? "retracted" : "rejected",
        card,
      };
    case "gate":
      return { outcome: "presented", card };
    case "path":
      return { outcome: "notMoved", modifier: "inPath", card };
    case "out":
    case "unknown":
      return { outcome: "unknown", card };
  }
}

/** What capturing a leftover came to; for an item at the gate its owner may have been faster. */
export function judgeClear(evidence: CardEvidence): CardVerdict {
  const card = whereIs(evidence);
  switch (card) {
    case "bin":
      return { outcome: "notMoved", modifier: evidence.read === "same" ? "retracted" : "rejected", card };
    case "out":
      return { outcome: "taken", card };
    case "gate":
      return { outcome: "presented", card };
    case "path":
      return { outcome: "notMoved", modifier: "inPath", card };
    default:
      return { outcome: "unknown", card: "unknown" };
  }
}
