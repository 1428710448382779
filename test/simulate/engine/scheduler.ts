import { setFlagsFromString } from "node:v8";
import type { Clock } from "../../../drivers/kit/index.ts";

setFlagsFromString("--allow-natives-syntax");
/** Runs every promise job that is due, at once: nothing else of the event loop takes part in a simulation. */
const drain = new Function("%PerformMicrotaskCheckpoint()") as () => void;

/** Something that lives until its power is cut; its timers die with it. */
export interface Life {
  alive: boolean;
}

interface Timer {
  at: number;
  order: number;
  life: Life;
  wake: () => void;
  done: boolean;
}

const MAX_EVENTS = 300_000;

/** Virtual time: the next timer runs when nothing else can, and no time passes in between. */
export class Scheduler {
  now = 0;
  events = 0;
  #order = 0;
  readonly #heap: Timer[] = [];

  /** Calls `wake` after `ms` of virtual time unless `life` has ended by then. */
  after(ms: number, life: Life, wake: () => void): Timer {
    const timer = { at: this.now + Math.max(0, ms), order: this.#order++, life, wake, done: false };
    this.#push(timer);
    return timer;
  }

  /** A clock whose sleeps end with `life`. `wallOffset` is read at each call, so that a wall clock can jump. */
  clock(life: Life, wall: { offset: number }): Clock {
    return {
      wall: () => Math.floor(wall.offset + this.now),
      mono: () => this.now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const timer = this.after(ms, life, () => {
            if (signal) signal.removeEventListener("abort", stop);
            resolve();
          });
          const stop = () => {
            timer.done = true;
            if (life.alive) resolve();
          };
          if (signal) signal.addEventListener("abort", stop, { once: true });
        }),
    };
  }

  /**
   * Runs until `job` has settled. Throws what it rejects with, and when it can never settle or takes too many events.
   */
  run<T>(job: Promise<T>): T {
    let settled: { ok: true; value: T } | { ok: false; error: unknown } | undefined;
    job.then(
      (value) => {
        settled = { ok: true, value };
      },
      (error) => {
        settled = { ok: false, error };
      },
    );
    const limit = this.events + MAX_EVENTS;
    drain();
    while (!settled) {
      const timer = this.#pop();
      if (!timer) throw new Error("stands still: nothing will ever happen again");
      if (timer.done || !timer.life.alive) continue;
      if (++this.events > limit) throw new Error("never ends");
      timer.done = true;
      this.now = timer.at;
      timer.wake();
      drain();
    }
    if (settled.ok) return settled.value;
    throw settled.error;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Timer;
      if (!before(timer, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || first === last) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && before(right, heap[child] as Timer)) child++;
      const smaller = heap[child] as Timer;
      if (!before(smaller, last)) break;
      heap[i] = smaller;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
