import type { PtyLine, WireLine } from "../../drivers/bench/index.ts";

/** Where in an exchange the cable is pulled. */
export const CUTS = ["answer", "question"] as const;
export type Cut = (typeof CUTS)[number];

/** How long half a frame has to arrive before the cable goes, ms. */
const HALF_MS = 3;

/** A line whose cable is pulled in the middle of a frame: half of an answer has arrived, or a question is on its way. */
export class CutLine implements WireLine {
  readonly line: PtyLine;
  #armed: { cut: Cut; after: number; pull: () => void } | undefined;
  /** Between the half frame and the pull nothing passes. */
  #dead = false;

  constructor(line: PtyLine) {
    this.line = line;
  }

  /** @param after frames that still pass before the one that is cut */
  arm(cut: Cut, after: number, pull: () => void): void {
    this.#armed = { cut, after, pull };
  }

  onBytes(listener: (chunk: Uint8Array) => void): void {
    this.line.onBytes((chunk) => {
      if (this.#dead || this.#meets("question")) return;
      listener(chunk);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#dead) return;
    this.line.send(this.#meets("answer") ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes);
  }

  #meets(cut: Cut): boolean {
    const armed = this.#armed;
    if (armed?.cut !== cut || armed.after-- > 0) return false;
    this.#armed = undefined;
    this.#dead = true;
    setTimeout(() => {
      this.#dead = false;
      armed.pull();
    }, HALF_MS);
    return true;
  }
}
