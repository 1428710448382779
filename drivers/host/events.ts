import type { DeviceEvent, DeviceStatus, Resync } from "../contract/index.ts";
import { type Clock, newId, type SafeFields } from "../kit/index.ts";

/** Of this process. */
const BOOT = newId();

/** One reader of a device's events. It may be slow: it then gets the state anew in place of what it missed. */
export interface Subscription {
  /** The next event; undefined once the subscription or its device has ended. One call at a time. */
  next(): Promise<DeviceEvent | Resync | undefined>;
  close(): void;
}

/** Numbers the events of one device and gives them to its subscribers. */
export class DeviceEvents {
  readonly #role: string;
  readonly #clock: Clock;
  readonly #boot: string;
  readonly #snapshot: () => DeviceStatus;
  readonly #readers = new Set<Reader>();
  #sequence = 0;
  #ended = false;

  constructor(role: string, clock: Clock, snapshot: () => DeviceStatus, boot: string = BOOT) {
    this.#role = role;
    this.#clock = clock;
    this.#snapshot = snapshot;
    this.#boot = boot;
  }

  tell(name: string, fields: SafeFields, more: Pick<DeviceEvent, "status" | "transaction"> = {}): void {
    const event: DeviceEvent = {
      role: this.#role,
      name,
      sequence: ++this.#sequence,
      boot: this.#boot,
      mono: this.#clock.mono(),
      wall: this.#clock.wall(),
      fields,
      ...more,
    };
    for (const reader of this.#readers) reader.give(event);
  }

  /** @param buffer events that it may be behind before they are dropped for a resync */
  subscribe(buffer = 64): Subscription {
    const reader = new Reader(
      buffer,
      (dropped) => ({
        role: this.#role,
        name: "resync",
        boot: this.#boot,
        sequence: this.#sequence,
        dropped,
        snapshot: this.#snapshot(),
      }),
      () => this.#readers.delete(reader),
    );
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Lets every reader come to the end of what it has. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}

class Reader implements Subscription {
  readonly #limit: number;
  readonly #resync: (dropped: number) => Resync;
  readonly #leave: () => void;
  #buffer: DeviceEvent[] = [];
  #dropped = 0;
  #ended = false;
  #waiting: ((event: DeviceEvent | undefined) => void) | undefined;

  constructor(limit: number, resync: (dropped: number) => Resync, leave: () => void) {
    this.#limit = limit;
    this.#resync = resync;
    this.#leave = leave;
  }

  give(event: DeviceEvent): void {
    if (this.#waiting) return this.#answer(event);
    // Once something is missing, what follows is in the snapshot too.
    if (this.#dropped > 0 || this.#buffer.length >= this.#limit) {
      this.#dropped += this.#buffer.length + 1;
      this.#buffer = [];
    } else this.#buffer.push(event);
  }

  next(): Promise<DeviceEvent | Resync | undefined> {
    if (this.#dropped > 0) {
      const resync = this.#resync(this.#dropped);
      this.#dropped = 0;
      return Promise.resolve(resync);
    }
    const first = this.#buffer.shift();
    if (first || this.#ended) return Promise.resolve(first);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  end(): void {
    this.#ended = true;
    this.#answer(undefined);
  }

  close(): void {
    this.#leave();
    this.#buffer = [];
    this.#dropped = 0;
    this.end();
  }

  #answer(event: DeviceEvent | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(event);
  }
}
