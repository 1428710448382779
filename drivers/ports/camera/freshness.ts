import { createHash } from "node:crypto";

/** Sees a camera that delivers the same picture again and again: a living sensor never repeats its noise. */
export class Freshness {
  readonly #limit: number;
  #last = "";
  #same = 0;

  /** @param limit so many pictures in a row with the same bytes are a frozen camera */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes one picture; true when it makes the row too long. */
  isFrozen(jpeg: Uint8Array): boolean {
    const digest = createHash("sha256").update(jpeg).digest("base64");
    this.#same = digest === this.#last ? this.#same + 1 : 1;
    this.#last = digest;
    return this.#same >= this.#limit;
  }
}
