import type { Clock, Result } from "../../../drivers/kit/index.ts";

/** For how long nobody has given a sign of being there, while the unit was waiting for one. */
export class Presence {
  readonly #clock: Clock;
  #lastSign: number;
  /** Works that run without a touch; while there is one, time does not count. */
  #works = 0;
  #since = 0;
  /** Texts of codes that were seen since the last touch. */
  readonly #codes = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastSign = clock.mono();
  }

  touch(): void {
    this.#lastSign = this.#clock.mono();
    this.#codes.clear();
  }

  /** Leaves out the time of a work; its end is no sign of a person. */
  async without<T>(work: Promise<T>): Promise<T> {
    if (this.#works++ === 0) this.#since = this.#clock.mono();
    try {
      return await work;
    } finally {
      const before = Math.max(0, this.#since - this.#lastSign);
      if (--this.#works === 0) this.#lastSign = this.#clock.mono() - before;
    }
  }

  /**
   * A sensor has answered: a sign when somebody gave what it saw, also a poor one.
   * @param textOf what a code says: the same again is no sign, since it may lie forgotten before the camera
   */
  answered<T>(answer: Result<T>, textOf?: (value: T) => string): void {
    if (!answer.ok && answer.error.code !== "device.poorQuality") return;
    const text = answer.ok ? textOf?.(answer.value) : undefined;
    if (text !== undefined && this.#codes.has(text)) return;
    if (text !== undefined) this.#codes.add(text);
    this.#lastSign = this.#clock.mono();
  }

  /** Time without a sign, ms; undefined while the unit itself is busy. */
  idleMs(): number | undefined {
    return this.#works > 0 ? undefined : this.#clock.mono() - this.#lastSign;
  }

  forget(): void {
    this.#codes.clear();
  }
}
