import type { Clock } from "./clock.ts";

/** One at a time, in order. `run` of a stopped mutex rejects with the reason given to `stop`. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();
  #stopped: Error | undefined;

  run<T>(job: () => Promise<T>): Promise<T> {
    const next = this.#tail.then(() => {
      if (this.#stopped) throw this.#stopped;
      return job();
    });
    this.#tail = next.catch(() => undefined);
    return next;
  }

  /** Every job that has not begun rejects with `reason`; resolves when the running one has ended. */
  async stop(reason: Error): Promise<void> {
    this.#stopped = reason;
    await this.#tail;
  }
}

/**
 * Lets `job` run once at a time however often it is asked for. Whoever asks while it runs shares the one next run with all
 * others, so that nobody is told what was seen before they asked.
 */
export function shared<T>(job: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    const own = job();
    running = own;
    const over = (): void => {
      running = undefined;
    };
    own.then(over, over);
    return own;
  };
  const afterwards = (): Promise<T> => {
    next = undefined;
    return begin();
  };
  return () => {
    if (next) return next;
    if (!running) return begin();
    next = running.then(afterwards, afterwards);
    return next;
  };
}

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function defer<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

/** Full-jitter exponential back-off: a random wait between half of and the whole of the current step. */
export class Backoff {
  #step: number;
  readonly #min: number;
  readonly #max: number;
  readonly #random: () => number;

  constructor(minMs: number, maxMs: number, random: () => number = Math.random) {
    this.#min = minMs;
    this.#max = maxMs;
    this.#step = minMs;
    this.#random = random;
  }

  next(): number {
    const wait = this.#step * (0.5 + this.#random() / 2);
    this.#step = Math.min(this.#step * 2, this.#max);
    return wait;
  }

  reset(): void {
    this.#step = this.#min;
  }
}

/**
 * Settles with `promise`, or rejects with `onTime()` after `ms`. The work itself is not stopped:
 * pass it a signal, or kill its process.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  onTime: () => Error,
): Promise<T> {
  const stop = new AbortController();
  const late = clock.sleep(ms, stop.signal).then(() => {
    if (!stop.signal.aborted) throw onTime();
    return undefined as never;
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}

/** A typed event source with few listeners; a listener that throws does not stop the others. */
export class Emitter<E extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof E, Set<(value: never) => void>>();

  on<K extends keyof E>(event: K, listener: (value: E[K]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener as (value: never) => void);
    return () => set.delete(listener as (value: never) => void);
  }

  emit<K extends keyof E>(event: K, value: E[K]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as (value: E[K]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** Wakes the one who waits. A ring that nobody waits for is kept for the next wait, so that none is lost in between. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at a ring, after `ms`, or when `signal` aborts. */
  async wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#rung && !signal?.aborted) {
      const timer = new AbortController();
      this.#wake = () => timer.abort();
      signal?.addEventListener("abort", this.#wake, { once: true });
      await clock.sleep(ms, timer.signal);
      signal?.removeEventListener("abort", this.#wake);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
