import type { Clock } from "../../drivers/kit/index.ts";

/** Virtual seconds in a real one at most, so that disk and sockets come along. */
const FASTEST = 25;

/**
 * Time that goes on as soon as nothing is left to do at the present moment: what takes long passes quickly, and a busy
 * machine makes no device late, since lines and devices live by the same time.
 */
export class RestlessClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: { at: number; order: number; wake: () => void }[] = [];
  #turning = false;
  readonly #started = performance.now();

  wall = (): number => Date.now() + Math.floor(this.#now);
  mono = (): number => this.#now;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, wake };
      const stop = () => {
        this.#timers = this.#timers.filter((it) => it !== timer);
        resolve();
      };
      signal?.addEventListener("abort", stop, { once: true });
      this.#timers.push(timer);
      this.#turn();
    });
  }

  /** One moment after the other, with a look at sockets and disk in between. */
  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    const first = this.#first();
    if (!first) {
      this.#turning = false;
      return;
    }
    const early = first.at / FASTEST - (performance.now() - this.#started);
    const turn = () => {
      this.#turning = false;
      const due = this.#first();
      if (!due) return;
      if (due === first) {
        this.#timers.splice(this.#timers.indexOf(due), 1);
        this.#now = Math.max(this.#now, due.at);
        due.wake();
      }
      this.#turn();
    };
    if (early > 2) setTimeout(turn, early);
    else setImmediate(turn);
  }

  #first() {
    let first = this.#timers[0];
    for (const timer of this.#timers)
      if (first && (timer.at < first.at || (timer.at === first.at && timer.order < first.order)))
        first = timer;
    return first;
  }
}
