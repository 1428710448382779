/**
 * Abort controllers without Node's event targets, which cost more than everything else of a look at a lock. What the
 * runtime uses of them and nothing else; put in their place when the simulation is bundled.
 */
type Listener = () => void;

class Signal {
  aborted = false;
  reason: unknown;
  #listeners: Set<Listener> | undefined;

  static any(signals: readonly Signal[]): Signal {
    const any = new Signal();
    for (const signal of signals) {
      if (signal.aborted) any.fire(signal.reason);
      else signal.addEventListener("abort", () => any.fire(signal.reason));
    }
    return any;
  }

  addEventListener(_: "abort", listener: Listener): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_: "abort", listener: Listener): void {
    this.#listeners?.delete(listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  fire(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }
}

class Controller {
  readonly signal = new Signal();
  abort(reason: unknown = "aborted"): void {
    this.signal.fire(reason);
  }
}

export { Controller as AbortController, Signal as AbortSignal };
