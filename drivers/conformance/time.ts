import type { Clock } from "../kit/index.ts";

interface Sleeper {
  at: number;
  order: number;
  wake(): void;
}

/**
 * Virtual time: when nothing else is left to do, it jumps to the next sleeper. Only for what lives in memory: a program or
 * a socket would be given no time to answer.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];
  #pumping = false;
  static readonly #EPOCH = Date.UTC(2026, 0, 1);

  wall(): number {
    return VirtualClock.#EPOCH + Math.floor(this.#now);
  }

  mono(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener("abort", drop);
          resolve();
        },
      };
      const drop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      signal?.addEventListener("abort", drop, { once: true });
      this.#sleepers.push(sleeper);
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const [first] = this.#sleepers;
      if (!first) return;
      const next = this.#sleepers.reduce(
        (a, b) => (b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a),
        first,
      );
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#now = next.at;
      next.wake();
      if (this.#sleepers.length > 0) this.#pump();
    });
  }
}
