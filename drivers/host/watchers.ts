import type { DeviceEvent, Resync } from "../contract/index.ts";
import type { Subscription } from "./events.ts";

/** Who is told the events of all devices of a process: each watcher once, until it has gone. */
export class EventWatchers {
  readonly #devices: readonly { subscribe(): Subscription }[];
  readonly #watching = new WeakSet<object>();

  constructor(devices: readonly { subscribe(): Subscription }[]) {
    this.#devices = devices;
  }

  /** Gives `tell` every event from now on, those of each device in order. */
  watch(who: { readonly closed: Promise<void> }, tell: (event: DeviceEvent | Resync) => void): void {
    if (this.#watching.has(who)) return;
    this.#watching.add(who);
    const follow = async (events: Subscription): Promise<void> => {
      for (let next = await events.next(); next; next = await events.next()) tell(next);
    };
    for (const device of this.#devices) {
      const events = device.subscribe();
      void follow(events);
      void who.closed.then(() => events.close());
    }
  }
}
