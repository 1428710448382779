import type { Generated } from "./generate.ts";

/** Why a mutant that survives does no harm, or what would be needed to see it. */
export function reasonOf(mutant: Generated): string {
  return REASONS.find(({ fits }) => fits(mutant))?.why ?? "not looked at";
}

const isIn = ({ file }: Generated, name: string): boolean => file === `runtime/vault/${name}.ts`;

const REASONS: { fits: (mutant: Generated) => boolean; why: string }[] = [
  {
    fits: (it) => isIn(it, "ledger") && it.from === "mutant",
    why: "the setting of a proof, which no unit makes",
  },
  {
    fits: (it) =>
      isIn(it, "ledger") &&
      it.to === "true" &&
      /^(about|slot)\.\w+$|^detail$/.test(it.from) &&
      it.operator === "condition",
    why: "a field of the journal without a value is left out of its text either way; an effect, item or slot without one is matched by no row",
  },
  {
    fits: (it) =>
      isIn(it, "ledger") && it.operator === "wait" && /^await (t\.run|noteSettled)\(/.test(it.from),
    why: "the last statement before the journal's: one connection takes them in their order, so that it is in the transaction either way",
  },
  {
    fits: (it) =>
      isIn(it, "collection") && it.to === "true" && /^proof\.value\.operator$|^modifier$/.test(it.from),
    why: "a field without a value is written and sent as if it were not there",
  },
  {
    fits: (it) => isIn(it, "collection") && it.from.includes("this.#ends.delete(end)"),
    why: "nothing waits longer for what has ended; a few hundred bytes are kept for each hand-over",
  },
  {
    fits: (it) => isIn(it, "motion") && it.from === '"notReady"' && it.line > 60 && it.line < 75,
    why: "cannot be reached: without a look there is a refusal already",
  },
  {
    fits: (it) => isIn(it, "motion") && it.operator === "wait" && it.from.includes("detail: error.code"),
    why: "the fault is told a moment before the ledger has the end; the ledger's queue makes everybody else wait for it",
  },
  {
    fits: (it) =>
      isIn(it, "motion") && it.operator === "comparison" && /clock\.mono\(\).* (<|>|<=) /.test(it.from),
    why: "another answer at one millisecond only, of the seconds in which a door is watched",
  },
  {
    fits: (it) => isIn(it, "recovery") && it.from === '"unknown"' && it.line < 12,
    why: "stands for a state before that every issued motion has, and for one after that was not open either",
  },
  {
    fits: (it) =>
      isIn(it, "recovery") &&
      it.operator === "wait" &&
      /neverSent|afterRestart|^await ledger\.(latchSeen|staffCame|settleLate)/.test(it.from),
    why: "the ledger takes one after the other: whatever is asked or written next waits for it",
  },
];
