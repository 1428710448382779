/** Time as a dependency, so that tests and the simulator can drive it. */
export interface Clock {
  /** Wall clock in milliseconds since the Unix epoch, UTC. May jump; only for dates and deadlines set by others. */
  wall(): number;
  /** Monotonic milliseconds since an arbitrary start; for every duration. */
  mono(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
    }),
};
