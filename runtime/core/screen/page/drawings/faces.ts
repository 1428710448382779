import type { Face } from "../../model.ts";
import { drawing } from "../dom.ts";

/** One sign for each state. The outline differs, so that none is told by colour alone. */
const MARKUP: Record<Face, string> = {
  waiting: `<circle class="paper line-accent" cx="60" cy="60" r="52"/>
    <circle class="accent breathe" cx="34" cy="60" r="8"/><circle class="accent breathe b2" cx="60" cy="60" r="8"/>
    <circle class="accent breathe b3" cx="86" cy="60" r="8"/>`,
  working: `<circle class="paper line-soft" cx="60" cy="60" r="52"/>
    <g class="turn"><circle class="no-fill" cx="60" cy="60" r="52"/><path class="stroke-accent" d="M60 8a52 52 0 0 1 52 52"/></g>
    <path class="stroke-ink" d="M44 34h32M44 86h32M48 36c0 14 24 16 24 24s-24 10-24 24M72 36c0 14-24 16-24 24s24 10 24 24"/>`,
  succeeded: `<circle class="accent" cx="60" cy="60" r="55"/><path class="stroke-paper" d="M34 62l18 18 35-40"/>`,
  again: `<rect class="attention line-ink" x="9" y="9" width="102" height="102" rx="26"/>
    <path class="stroke-ink" d="M85 48a29 29 0 1 0 3 21"/><path class="stroke-ink" d="M88 30v20H68"/>`,
  cannot: `<path class="ink" d="M38 5h44l33 33v44l-33 33H38L5 82V38z"/><path class="stroke-paper" d="M34 60h52"/>`,
};

/** The sign of a state, to stand beside or on the drawing of a step. */
export function face(state: Face): SVGElement {
  const sign = drawing("0 0 120 120", MARKUP[state], "face");
  sign.dataset.face = state;
  return sign;
}
